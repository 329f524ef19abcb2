/**
 * models/char-lm adapted for int8. Here a few updates on a part of the text; tools/train/int8.ts makes 300, whose float32
 * model is at 1.6860 nats and its int8 one 0.0001 below (trained in float32: 1.6869, and 0.0000 above).
 */
import { describe, expect, it } from 'vitest';
import { adapt, type Losses } from '../../tools/train/int8/adapt.ts';
import { readShared, sharedPath } from '../convert/shared.ts';
import { trainRuntime } from '../train/cases.ts';

const TEXT = 'data/tinyshakespeare.txt';

describe.skipIf(sharedPath(TEXT) === undefined)('models/char-lm on tinyshakespeare', () => {
  it('is in int8 within 0.002 nats of float32 when it is trained for it', async () => {
    const text = new TextDecoder().decode(readShared(TEXT));
    const adaptation = { text, updates: 20, characters: 8000 };
    const losses = new Map<string, Losses>();
    for await (const [name, each] of adapt(trainRuntime('simd'), adaptation)) losses.set(name, each);
    const [before, aware] = [losses.get('as it is')!, losses.get('trained for int8')!];
    expect(aware.int8).toBeLessThan(before.int8 - 0.2);
    expect(Math.abs(aware.int8 - aware.float32)).toBeLessThan(0.002);
    expect(Math.abs(aware.int8 - losses.get('trained in float32')!.float32)).toBeLessThan(0.01);
  }, 300_000);
});
