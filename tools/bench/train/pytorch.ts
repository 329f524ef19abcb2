import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ROOT } from '../root.ts';
import { ADAM, type TrainCase } from './cases.ts';
import type { Absent, Entrant, TrainContender } from './contender.ts';

export const PYTORCH = 'PyTorch';

/** A Python that has torch: Debian's, unless the environment names another. */
const PYTHON = process.env.RIVULET_PYTORCH ?? '/usr/bin/python3';

const ONE_THREAD = { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1' };

interface About {
  readonly version: string;
  readonly config: string;
  readonly threads: number;
  readonly blas: readonly string[];
}

export async function pytorch(python = PYTHON): Promise<Entrant | Absent> {
  const child = new PyTorchProcess(python);
  try {
    const { version, config, threads, blas } = await child.ask<About>({ op: 'about' });
    const isReference = blas.some((name) => /^libblas\.so\.3\./.test(name)); // those of others end in .so.3
    return {
      name: PYTORCH,
      about: [
        `${version} with ${blas.join(', ')}, ${threads} thread`,
        `of ${python}`,
        ...(isReference ? ['that is the reference BLAS, which is slow: install libopenblas0-pthread'] : []),
        ...config.trim().split('\n'),
      ],
      enter: (trainCase) => pytorchTrainer(child, trainCase),
      leave: () => child.end(),
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { name: PYTORCH, missing: `${python} has no torch (RIVULET_PYTORCH names another): ${reason}` };
  }
}

async function pytorchTrainer(child: PyTorchProcess, trainCase: TrainCase): Promise<TrainContender> {
  const { cell, input, hidden, output, timesteps, batch, definition } = trainCase;
  const tensors = Object.fromEntries([...definition.tensors].map(([name, { data }]) => [name, base64(data)]));
  const inputs = base64(trainCase.inputs);
  const targets = base64(BigInt64Array.from(trainCase.targets, BigInt));
  const sizes = { input, hidden, output, timesteps, batch };
  await child.ask({ op: 'enter', cell, ...sizes, tensors, inputs, targets, adam: ADAM });
  return {
    update: async () => (await child.ask<{ loss: number }>({ op: 'update' })).loss,
    time: async (times, untimed) =>
      (await child.ask<{ milliseconds: number }>({ op: 'time', times, untimed })).milliseconds,
    dispose() {},
  };
}

function base64({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}

/** pytorch.py in a process of its own, asked one thing at a time. */
class PyTorchProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  #settle: { resolve: (line: string) => void; reject: (error: Error) => void } | undefined;
  #stderr = '';

  constructor(python: string) {
    const script = fileURLToPath(new URL('tools/bench/train/pytorch.py', ROOT));
    this.#child = spawn(python, [script], { env: { ...process.env, ...ONE_THREAD } });
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#settle?.resolve(line));
    this.#child.stderr.on('data', (text) => {
      this.#stderr += text;
    });
    this.#child.stdin.on('error', () => {}); // the end of the child says why
    this.#child.on('error', (error) => this.#settle?.reject(error));
    this.#child.on('close', (code) => {
      const reason = this.#stderr.trim().split('\n').at(-1) || `it ended with code ${code}`;
      this.#settle?.reject(new Error(reason));
    });
  }

  async ask<Answer>(command: object): Promise<Answer> {
    const line = await new Promise<string>((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#child.stdin.write(`${JSON.stringify(command)}\n`);
    });
    return JSON.parse(line) as Answer;
  }

  end(): void {
    this.#child.stdin.end();
  }
}
