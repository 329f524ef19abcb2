import { readFileSync } from 'node:fs';
import type { ModelDefinition } from '../../src/graph/definition.ts';
import { createRuntime, loadModel, type Runtime } from '../../src/index.ts';
import type { Contender } from './contender.ts';
import { ROOT } from './root.ts';

export interface RivuletContender extends Contender {
  /** The module's `step` alone, on the input that lies in its memory: no checks in JavaScript, no copies. */
  runModule(times: number): void;
  /** A call into the module that reads one byte: what a call costs. */
  runEmpty(times: number): void;
  dispose(): void;
}

/** The SIMD build that `npm run build` made. */
export function benchRuntime(): Promise<Runtime> {
  return createRuntime({ wasm: readFileSync(new URL('dist/wasm/infer.simd.wasm', ROOT)) });
}

/** A model with one input of features and one output, stepped by the public API. */
export async function rivuletContender(
  runtime: Runtime,
  definition: ModelDefinition,
): Promise<RivuletContender> {
  const model = await loadModel(definition, { runtime });
  const session = model.createSession();
  const x = new Float32Array(model.inputs[0]!.size);
  const out = new Float32Array(model.outputs[0]!.size);
  const { step, streams } = runtime.exports;
  const { address } = session;
  return {
    definition,
    step(input) {
      x.set(input);
      return session.step(x, out).slice();
    },
    run(times) {
      for (let i = 0; i < times; i++) session.step(x, out);
    },
    runModule(times) {
      for (let i = 0; i < times; i++) step(address);
    },
    runEmpty(times) {
      for (let i = 0; i < times; i++) streams(address);
    },
    dispose: () => model.dispose(),
  };
}
