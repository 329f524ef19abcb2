// Counts what a million steps allocate. Run by allocation.test.ts as
//   node --max-semi-space-size=128 --expose-gc allocation.child.mjs MODEL.safetensors WASM [inject]
// The young generation is large enough to hold a million objects, so that nothing is collected between two readings.
import { readFileSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';
import { createRuntimeSync, loadModelSync } from '../../dist/src/index.js';

const [file, wasm, inject] = process.argv.slice(2);
const STEPS = 1_000_000;
const runtime = createRuntimeSync(new WebAssembly.Module(readFileSync(wasm)));
const model = loadModelSync(readFileSync(file), { runtime });
const session = model.createSession();
const { kind, size } = model.inputs[0];
const inputs = Array.from({ length: 64 }, (_, i) =>
  kind === 'tokens' ? i % size : Float32Array.from({ length: size }, (_, j) => Math.sin(i + j)),
);
const out = new Float32Array(model.outputs[0].size);
let sink = null;

function steps(count) {
  for (let i = 0; i < count; i++) {
    session.step(inputs[i & 63], out);
    if (inject) sink = { sink };
    if (inject) sink.sink = null;
  }
}

steps(50_000);
globalThis.gc();
steps(1000);
const memory = runtime.memoryBytes;
const before = getHeapStatistics().used_heap_size;
steps(STEPS);
const bytes = getHeapStatistics().used_heap_size - before;
console.log(
  JSON.stringify({
    bytesPerStep: bytes / STEPS,
    grown: runtime.memoryBytes - memory,
    sum: out[0],
    sink: !!sink,
  }),
);
