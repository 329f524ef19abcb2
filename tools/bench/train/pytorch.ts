import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ROOT } from '../root.ts';
import { ADAM, type TrainCase } from './cases.ts';
import type { Absent, Entrant, TrainContender } from './contender.ts';

export const PYTORCH = 'PyTorch';

/** Pythons that have torch: Debian's, unless the environment names others. */
const PYTHONS = process.env.RIVULET_PYTORCH ?? '/usr/bin/python3';

/**
 * How many times PyTorch's timesteps/s Rivulet must reach, by its major version: 1.13 as Debian builds it, with OpenBLAS,
 * and a 2 of PyPI, whose LSTM is oneDNN's fused one (its GRU is not). Theirs are vectors of 256 or 512 bits with a fused
 * multiply-add, ours of 128 bits without: with a batch the fused LSTM is out of reach.
 */
const BARS: readonly {
  cell: TrainCase['cell'];
  hidden: number;
  batch: number;
  bars: Record<string, number>;
}[] = [
  { cell: 'lstm', hidden: 128, batch: 1, bars: { 1: 6.5, 2: 1.9 } },
  { cell: 'lstm', hidden: 128, batch: 16, bars: { 1: 1.25, 2: 0.62 } },
  { cell: 'gru', hidden: 128, batch: 1, bars: { 1: 8, 2: 8 } },
  { cell: 'gru', hidden: 128, batch: 16, bars: { 1: 1.35, 2: 1.35 } },
  { cell: 'lstm', hidden: 256, batch: 1, bars: { 1: 3, 2: 1.4 } },
  { cell: 'lstm', hidden: 256, batch: 16, bars: { 1: 0.8, 2: 0.5 } },
];

const ONE_THREAD = { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1' };

interface About {
  readonly version: string;
  readonly config: string;
  readonly threads: number;
  readonly blas: readonly string[];
}

/** One of each Python, named after its version. */
export function pytorches(pythons = PYTHONS): Promise<(Entrant | Absent)[]> {
  return Promise.all(pythons.split(',').map(pytorch));
}

export async function pytorch(python: string): Promise<Entrant | Absent> {
  const child = new PyTorchProcess(python);
  try {
    const { version, config, threads, blas } = await child.ask<About>({ op: 'about' });
    const isReference = blas.some((name) => /^libblas\.so\.3\./.test(name)); // those of others end in .so.3
    return {
      name: `${PYTORCH} ${/^\d+\.\d+/.exec(version)![0]}`,
      about: [
        `${version} with ${blas.join(', ')}, ${threads} thread`,
        `of ${python}`,
        ...(isReference ? ['that is the reference BLAS, which is slow: install libopenblas0-pthread'] : []),
        ...config.trim().split('\n'),
      ],
      barOf: ({ cell, hidden, batch }) =>
        BARS.find((each) => each.cell === cell && each.hidden === hidden && each.batch === batch)?.bars[
          version.split('.')[0]!
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
