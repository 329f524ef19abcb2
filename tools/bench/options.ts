import { parseArgs } from 'node:util';
import type { BenchOptions } from './bench.ts';
import { CELLS, SIZES } from './cases.ts';

export const USAGE = `npm run bench -- [denormals] [options]

  denormals        instead: silence after noise costs no more than the noise, and does without the flush of denormals
  --cells LIST     of ${CELLS.join(',')} (default: all)
  --sizes LIST     inputs = hidden units (default: ${SIZES.join(',')})
  --rounds N       (default: 200)
  --json           the report as JSON, alone on standard output
  --markdown       the table of the README, alone on standard output
  --assert         exit 1 where a step takes longer, against its prototype, than its bar allows

Pin it to a quiet core: taskset -c 1 npm run bench. Without the kernel study beside the checkout (or where
RIVULET_SHARED points), the comparison with its prototypes is skipped.`;

export interface Options extends BenchOptions {
  readonly denormals: boolean;
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
      cells: { type: 'string' },
      sizes: { type: 'string' },
      rounds: { type: 'string' },
      json: { type: 'boolean', default: false },
      markdown: { type: 'boolean', default: false },
      assert: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const other = positionals.find((word) => word !== 'denormals');
  if (other !== undefined) throw new Error(`unknown word "${other}": only "denormals" is known`);
  return {
    denormals: positionals.length > 0,
    cells: values.cells?.split(',').map(cellOf) ?? CELLS,
    sizes: values.sizes?.split(',').map((text) => positive('--sizes', text)) ?? SIZES,
    rounds: positive('--rounds', values.rounds ?? '200'),
    milliseconds: 0.4,
    warmup: 150,
    json: values.json,
    markdown: values.markdown,
    assert: values.assert,
    help: values.help,
  };
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
