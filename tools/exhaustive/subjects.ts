import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { KernelExports } from '../../test/kernels/module.ts';

/** A function of one float32 and what is to hold for it. */
export interface Subject {
  readonly name: string;
  run(kernels: KernelExports, x: number, y: number, bytes: number): void;
  /** In float64. */
  reference(x: number): number;
  /** Where the error is measured; elsewhere the range only. */
  measured(x: number): boolean;
  error(y: number, expected: number): number;
  readonly unit: string;
  /** The error that the kernel promises. */
  readonly bound: number;
  /** Every value, of any input but NaN, lies within. */
  readonly range: readonly [low: number, high: number];
  /** Whether NaN gives NaN. */
  readonly nan: boolean;
}

const everywhere = () => true;
const absolute = (y: number, expected: number) => Math.abs(y - expected);

export const SUBJECTS: readonly Subject[] = [
  {
    name: 'tanh',
    run: (kernels, x, y, bytes) => kernels.tanhAll(x, y, bytes),
    reference: Math.tanh,
    measured: everywhere,
    error: absolute,
    unit: 'absolute',
    bound: 2.09e-7,
    range: [-1, 1],
    nan: true,
  },
  {
    name: 'sigmoid',
    run: (kernels, x, y, bytes) => kernels.sigmoidAll(x, y, bytes),
    reference: (x) => 1 / (1 + Math.exp(-x)),
    measured: everywhere,
    error: absolute,
    unit: 'absolute',
    bound: 1.3e-7,
    range: [0, 1],
    nan: true,
  },
  {
    name: 'exp',
    // (x - 0) * 1 is x: the loop of softmax is the one with the vector arm.
    run: (kernels, x, y, bytes) => kernels.expSum(x, y, bytes >> 2, 0, 1),
    reference: Math.exp,
    measured: (x) => x >= -87 && x <= 88,
    error: (y, expected) => Math.abs(y / expected - 1),
    unit: 'relative, for x in [-87, 88]',
    bound: 8.2e-8,
    range: [1.6e-38, 1.7e38],
    nan: true,
  },
  {
    name: 'log',
    run: (kernels, x, y, bytes) => kernels.logAll(x, y, bytes),
    reference: Math.log,
    measured: (x) => x >= 2 ** -126 && x < Infinity,
    error: (y, expected) => Math.abs(y - expected) / ulp(expected),
    unit: 'ulp, for normal x > 0',
    bound: 1,
    range: [-87.34, 88.73],
    nan: false,
  },
];

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Of the float32 nearest to the value, as the distance to the next one up. */
function ulp(value: number): number {
  float[0] = value;
  return SPACINGS[(bits[0]! >>> 23) & 0xff]!;
}

const SPACINGS = Float64Array.from({ length: 256 }, (_, exponent) => 2 ** (Math.max(exponent, 1) - 150));

/** The files whose code decides the results. */
const SOURCES = ['activation/tanh.ts', 'exp/f32.ts', 'log/f32.ts', 'softmax/f32.ts'];

/** SHA-256 of the code, comments left out: results of one hash are those of all checkouts that have it. */
export function codeHash(): string {
  const hash = createHash('sha256');
  for (const source of SOURCES) {
    const text = readFileSync(`assembly/kernels/${source}`, 'utf8');
    hash.update(text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '').replace(/\s+/g, ' '));
  }
  return hash.digest('hex');
}
