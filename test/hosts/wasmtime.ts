import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadModelSync } from '../../src/index.ts';
import { testRuntime } from '../runtime.ts';
import type { HostCase } from './cases.ts';
import { type Host, streamCase, toBase64, wasmUrl } from './host.ts';
import { planImage } from './plan-image.ts';

const PYTHON = process.env.RIVULET_PYTHON ?? 'python3';
const SCRIPT = fileURLToPath(new URL('./stream.py', import.meta.url));

/** No TypeScript there: stream.py gets the plan as it lies in our memory, and calls the module's exports. */
export const wasmtime: Host = {
  name: 'wasmtime',
  engine: /^wasmtime \d+\./,
  trains: false,
  missing() {
    const { status } = spawnSync(PYTHON, ['-c', 'import wasmtime']);
    if (status === 0) return undefined;
    return `no wasmtime for ${PYTHON}: install test/hosts/requirements.txt there, or set RIVULET_PYTHON`;
  },
  async open() {
    const folder = mkdtempSync(join(tmpdir(), 'rivulet-wasmtime-'));
    const casesFile = join(folder, 'cases.json');
    return {
      async stream(module, cases) {
        writeFileSync(casesFile, JSON.stringify(cases.map(planCase)));
        return JSON.parse(
          execFileSync(PYTHON, [SCRIPT, fileURLToPath(wasmUrl(module)), casesFile], { encoding: 'utf8' }),
        );
      },
      close: async () => rmSync(folder, { recursive: true }),
    };
  },
};

function planCase(hostCase: HostCase) {
  const { name, inputs, kind } = streamCase(hostCase);
  const model = loadModelSync(hostCase.model, { runtime: testRuntime('simd') });
  return {
    name,
    plan: toBase64(planImage(model)),
    inputs,
    inputBytes: kind === 'tokens' ? 4 : 4 * model.inputs[0]!.size,
    outputBytes: 4 * model.outputs[0]!.size,
  };
}
