import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

// The kernels as a module of their own (test/assembly/kernels.ts), compiled on demand.

export type Target = 'simd' | 'scalar';
export const TARGETS: readonly Target[] = ['simd', 'scalar'];

type Elementwise = (x: number, y: number, bytes: number) => void;

/** Addresses are bytes in `memory`; what they mean is documented beside each kernel. */
export interface KernelExports {
  readonly memory: WebAssembly.Memory;
  attendRow(
    q: number,
    qPanel: number,
    m: number,
    mPanel: number,
    next: number,
    length: number,
    panels: number,
    scale: number,
    weights: number,
    out: number,
    outPanel: number,
  ): void;
  attendRowBackward(
    q: number,
    qPanel: number,
    m: number,
    mPanel: number,
    next: number,
    length: number,
    panels: number,
    scale: number,
    scratch: number,
    dout: number,
    doutPanel: number,
    dq: number,
    dm: number,
  ): void;
  readonly tanhAll: Elementwise;
  readonly sigmoidAll: Elementwise;
  readonly reluAll: Elementwise;
  readonly expAll: Elementwise;
  readonly logAll: Elementwise;
  allFinite(x: number, stride: number, panels: number, bytes: number): number;
  xxh64(address: number, bytes: number, seed: bigint): bigint;
  packF32(source: number, rows: number, k: number, destination: number): number;
  clearInt8(destination: number, n: number, pairs: number): void;
  packInt8(
    source: number,
    rows: number,
    k: number,
    destination: number,
    first: number,
    n: number,
    pairs: number,
  ): void;
  largestRowSum(packed: number, n: number, pairs: number): number;
  qmaxOf(largestSum: number): number;
  quantizeInt16(x: number, stride: number, panels: number, q: number, qmax: number): number;
  readonly quantizedSum: WebAssembly.Global;
  matvecF32(
    x: number,
    k: number,
    w: number,
    init: number,
    initStride: number,
    out: number,
    outStride: number,
    n: number,
  ): void;
  gemmF32(
    a: number,
    aPanel: number,
    b: number,
    bPanel: number,
    c: number,
    cPanel: number,
    k: number,
    m: number,
    n: number,
    init: number,
  ): void;
  transposeF32(x: number, xPanel: number, rows: number, columns: number, out: number, outPanel: number): void;
  matvecTransposedF32(
    d: number,
    n: number,
    w: number,
    k: number,
    dx: number,
    dxPanel: number,
    sums: number,
  ): void;
  sumRows(x: number, xPanel: number, rows: number, columns: number, out: number): void;
  matvecInt8(
    q: number,
    pairs: number,
    w: number,
    scales: number,
    s: number,
    sum: number,
    init: number,
    initStride: number,
    out: number,
    outStride: number,
    n: number,
  ): void;
  expSum(x: number, y: number, n: number, offset: number, factor: number): number;
  softmax(x: number, y: number, n: number): void;
  crossEntropy(x: number, n: number, target: number, scratch: number): number;
  argmax(logits: number, n: number): number;
  sample(
    logits: number,
    n: number,
    temperature: number,
    topK: number,
    topP: number,
    uniform: number,
    scratch: number,
  ): number;
  uniform(seedLow: number, seedHigh: number, index: number): number;
  // One op by itself: test/assembly/ops.ts.
  setSizes(k: number, n: number, m: number, scratch: number): void;
  setOperand(i: number, address: number, panel: number, row: number): void;
  setGradient(i: number, address: number): void;
  setTape(i: number, address: number, panel: number): void;
  opRun(code: number, row: number, rows: number): void;
  opRunBackward(code: number, row: number, rows: number): void;
  opRunParameters(code: number, rows: number): void;
}

/** The exports of an instance of its own, with `bytes` of memory from `FREE` on. */
export async function kernels(target: Target, bytes = 1 << 20): Promise<KernelExports> {
  const { instance } = await WebAssembly.instantiate(await kernelBytes(target), {});
  const exports = instance.exports as unknown as KernelExports;
  exports.memory.grow(Math.ceil(bytes / 65536));
  return exports;
}

/** Behind the module's static data. */
export const FREE = 65536;

/** Compiled once for each state of the sources: a compilation takes seconds, and several test files want it. */
async function kernelBytes(target: Target): Promise<Uint8Array<ArrayBuffer>> {
  const folder = resolve('build/kernels');
  const path = join(folder, `${sourceHash()}.${target}.wasm`);
  if (!existsSync(path)) {
    const bytes = await compileWasm('test/assembly/kernels.ts', target);
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${path}.${process.pid}`, bytes);
    renameSync(`${path}.${process.pid}`, path);
  }
  return new Uint8Array(readFileSync(path));
}

/** SHA-256 of all that a build is made of. */
function sourceHash(): string {
  const hash = createHash('sha256');
  const files = readdirSync('assembly', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join('assembly', name));
  for (const file of [...files.sort(), 'test/assembly/kernels.ts', 'asconfig.json']) {
    hash.update(file).update(readFileSync(file));
  }
  return hash.digest('hex');
}

/** tools/build/wasm.mjs by its address, so that bundlers leave it where it is. */
export async function compileWasm(
  entry: string,
  target: Target,
  edit?: (source: string, path: string) => string,
): Promise<Uint8Array<ArrayBuffer>> {
  const url = pathToFileURL(resolve('tools/build/wasm.mjs')).href;
  const { compile } = (await import(/* @vite-ignore */ url)) as { compile: typeof compileWasm };
  return compile(entry, target, edit);
}
