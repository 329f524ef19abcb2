import { parseArgs } from 'node:util';
import { STREAMS } from './batch/bars.ts';
import type { BenchOptions } from './bench.ts';
import { CELLS, SIZES } from './cases.ts';
import { SIZES as LONG } from './long/bench.ts';
import type { TimingOptions } from './timing.ts';
import { BATCHES, HIDDEN } from './train/cases.ts';

export const USAGE = `npm run bench -- [batch | train | long | denormals] [options]

  by default       the time of a step, beside the prototypes of the kernel study
  batch            instead: a step of ${STREAMS} streams beside ${STREAMS} steps of one
  train            instead: timesteps/s of training, beside the prototype, PyTorch and TensorFlow.js
  long             instead: a window of ${LONG.timesteps} timesteps within a memory budget beside one without
  denormals        instead: silence after noise costs no more than the noise, and does without the flush of denormals
  --cells LIST     of ${CELLS.join(',')} (default: all)
  --sizes LIST     of a step and of batch: inputs = hidden units (default: ${SIZES.join(',')}; batch: and 1024);
                   of train: hidden units (default: ${HIDDEN.join(',')})
  --batches LIST   of train: streams side by side (default: ${BATCHES.join(',')})
  --rounds N       (default: 200; batch 100; train and long 40)
  --json           the report as JSON, alone on standard output
  --markdown       the table of the README, alone on standard output
  --assert         exit 1 where a bar is missed: against the prototype, PyTorch 1 and 2, of batch or of long

Pin it to a quiet core: taskset -c 1 npm run bench. Without the kernel study beside the checkout (or where
RIVULET_SHARED points), the comparison with its prototypes is skipped. PyTorch is that of Debian's python3-torch, where
libopenblas0-pthread makes it faster, or of the Pythons that RIVULET_PYTORCH names, one or a list. A current one:
  python3 -m venv $HOME/torch && $HOME/torch/bin/pip install torch numpy
  export RIVULET_PYTORCH=/usr/bin/python3,$HOME/torch/bin/python
TensorFlow.js comes with \`npm ci\` in tools/bench/tfjs.`;

const VALUES = ['cells', 'sizes', 'batches', 'rounds'] as const;
const FLAGS = ['json', 'markdown', 'assert', 'help'] as const;

const COMMANDS = {
  steps: {
    takes: ['cells', 'sizes', 'rounds', ...FLAGS],
    timing: { rounds: 200, milliseconds: 0.4, warmup: 150, untimed: 4 },
  },
  batch: {
    takes: ['cells', 'sizes', 'rounds', ...FLAGS],
    timing: { rounds: 100, milliseconds: 0.8, warmup: 150, untimed: 1 },
  },
  train: {
    takes: ['cells', 'sizes', 'batches', 'rounds', ...FLAGS],
    timing: { rounds: 40, milliseconds: 10, warmup: 300, untimed: 1, mostMilliseconds: 4000 },
  },
  long: {
    takes: ['cells', 'rounds', ...FLAGS],
    timing: { rounds: 40, milliseconds: 1, warmup: 300, untimed: 0 },
  },
  denormals: { takes: ['json', 'help'], timing: { rounds: 0, milliseconds: 0, warmup: 0, untimed: 0 } },
} as const satisfies Record<string, { takes: readonly string[]; timing: TimingOptions }>;

export interface Options extends BenchOptions {
  readonly command: keyof typeof COMMANDS;
  readonly batches: readonly number[];
  readonly json: boolean;
  readonly markdown: boolean;
  readonly assert: boolean;
  readonly help: boolean;
}

/** @throws Error naming the option that is wrong */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...named(VALUES, { type: 'string' }),
      ...named(FLAGS, { type: 'boolean' }),
    },
  });
  const command = commandOf(positionals);
  const { takes, timing } = COMMANDS[command];
  const other = Object.keys(values).find((option) => !takes.some((each) => each === option));
  if (other !== undefined) throw new Error(`--${other} is no option of ${command}`);
  return {
    command,
    ...timing,
    cells: values.cells?.split(',').map(cellOf) ?? CELLS,
    sizes: values.sizes?.split(',').map((text) => positive('--sizes', text)) ?? sizesOf(command),
    batches: values.batches?.split(',').map((text) => positive('--batches', text)) ?? BATCHES,
    ...(values.rounds !== undefined && { rounds: positive('--rounds', values.rounds) }),
    json: values.json ?? false,
    markdown: values.markdown ?? false,
    assert: values.assert ?? false,
    help: values.help ?? false,
  };
}

function sizesOf(command: Options['command']): readonly number[] {
  if (command === 'train') return HIDDEN;
  return command === 'batch' ? [...SIZES, 1024] : SIZES;
}

function commandOf([word = 'steps', ...others]: readonly string[]): Options['command'] {
  if (others.length > 0) throw new Error(`"${others[0]}": one word at most`);
  if (!Object.hasOwn(COMMANDS, word))
    throw new Error(`unknown word "${word}": "batch", "train", "long" or "denormals"`);
  return word as Options['command'];
}

function named<Name extends string, Option>(names: readonly Name[], option: Option): Record<Name, Option> {
  return Object.fromEntries(names.map((name) => [name, option])) as Record<Name, Option>;
}

function cellOf(text: string): (typeof CELLS)[number] {
  const cell = CELLS.find((each) => each === text);
  if (!cell) throw new Error(`--cells: "${text}" is none of ${CELLS.join(', ')}`);
  return cell;
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new Error(`${option}: "${text}" is no positive integer`);
  return value;
}
