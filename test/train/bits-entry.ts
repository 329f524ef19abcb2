/**
 * `node … WASM`: initializes models of every cell, trains them for ten updates with dropout, and writes the SHA-256 of
 * all weights in JSON. bitwise.test.ts bundles it and runs it on other versions of Node.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRuntimeSync } from '../../src/runtime/create.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { initialize, type LayerSpec } from '../../src/train/initialize.ts';
import { Trainer } from '../../src/train/trainer.ts';

const [VOCABULARY, BATCH, UNROLL, SEED, STREAM] = [23, 3, 12, 77, 5];

const CELLS: readonly LayerSpec[] = [
  { type: 'rnn', units: 19, nonlinearity: 'tanh' },
  { type: 'rnn', units: 19, nonlinearity: 'relu' },
  { type: 'lstm', units: 19 },
  { type: 'gru', units: 19 },
  { type: 'gru', units: 19, resetAfter: false },
];

function trainedHash(runtime: Runtime, cell: LayerSpec): string {
  const layers: LayerSpec[] = [{ type: 'embedding', size: 11 }, cell, { type: 'dense', units: VOCABULARY }];
  const spec = { inputs: [{ name: 'tokens', kind: 'tokens', size: VOCABULARY }] as const, layers };
  const options = {
    batchSize: BATCH,
    unroll: UNROLL,
    loss: 'cross-entropy',
    dropout: 0.2,
    seed: SEED,
  } as const;
  const trainer = new Trainer(runtime, initialize(spec, SEED, runtime), options);
  const token = (index: number) => Math.floor(runtime.exports.uniform(SEED, STREAM, index) * VOCABULARY);
  for (let update = 0; update < 10; update++) {
    const tokens = Uint32Array.from({ length: (UNROLL + 1) * BATCH }, (_, i) => token(1000 * update + i));
    trainer.window({ inputs: tokens.slice(0, -BATCH), targets: tokens.slice(BATCH) }, UNROLL);
    const rate = { learningRate: 1e-2, weightDecay: 0.01, clipNorm: 0.5 };
    if (update % 3 === 2) trainer.update({ type: 'sgd', ...rate, momentum: 0.9, nesterov: false });
    else trainer.update({ type: 'adamw', ...rate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 });
  }
  const hash = createHash('sha256');
  for (const [name, values] of trainer.parameters()) hash.update(name).update(values);
  trainer.dispose();
  return hash.digest('hex');
}

const module = new WebAssembly.Module(readFileSync(process.argv[2]!));
const hashes = CELLS.map((cell) => trainedHash(createRuntimeSync(module), cell));
console.log(JSON.stringify({ node: process.version, hashes }));
