import { describe, expect, it } from 'vitest';
import { evaluateText } from '../../src/text/evaluate.ts';
import { readMl5 } from './ml5.ts';
import { load } from './run.ts';
import { readShared, sharedPath } from './shared.ts';

const model = sharedPath('models/ml5-shakespeare');
const text = sharedPath('data/tinyshakespeare.txt');

describe('ml5-shakespeare', () => {
  it.skipIf(!model || !text)(
    'reads tinyshakespeare.txt, in float32 and in int8',
    async () => {
      const definition = readMl5(model!);
      const characters = new TextDecoder().decode(readShared('data/tinyshakespeare.txt'));
      const losses: number[] = [];
      for (const weights of ['float32', 'int8'] as const) {
        const session = (await load(definition, weights)).createSession();
        const { loss, tokens } = evaluateText(session, characters);
        console.log(`${weights}: ${loss.toFixed(4)} nats/char over ${tokens} characters`);
        losses.push(loss);
      }
      const [float32, int8] = losses as [number, number];
      expect(float32).toBeLessThanOrEqual(1.31);
      expect(Math.abs(int8 - float32)).toBeLessThan(0.005);
    },
    600_000,
  );
});
