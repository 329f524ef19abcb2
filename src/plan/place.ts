import { Status } from '../../assembly/shared/codes.ts';
import { Header } from '../../assembly/shared/plan.ts';
import { RivuletError, show } from '../errors.ts';
import type { ModelDefinition, Tensor } from '../graph/definition.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { describeShape } from './shape.ts';
import type { Constant, PlanWriter, RowRange } from './writer.ts';

/** Two 64-bit hashes as 16 hexadecimal digits each. A snapshot fits a model of the same shape and weights. */
export interface Fingerprint {
  readonly shape: string;
  readonly weights: string;
}

export interface PlacedPlan {
  readonly address: number;
  readonly byteLength: number;
  readonly fingerprint: Fingerprint;
}

const STATUS_NAMES: Readonly<Record<number, string>> = {
  [Status.BadHeader]: 'its header',
  [Status.BadTable]: 'the place of a table',
  [Status.BadSection]: 'its section',
  [Status.BadBuffer]: 'buffer',
  [Status.BadState]: 'state',
  [Status.BadInput]: 'input',
  [Status.BadOutput]: 'output',
  [Status.BadOpCode]: 'the code of op',
  [Status.BadOperand]: 'an operand of op',
  [Status.BadSize]: 'a size of op',
  [Status.BadDirection]: 'the direction of op',
  [Status.Int8Overflow]: 'the int8 bound of op',
};

/**
 * Writes a plan into linear memory, has the module pack its weights, and validates it there.
 *
 * @throws RivuletError `out-of-memory`, `non-finite-weight`, `invalid-plan`
 */
export function placePlan(runtime: Runtime, plan: PlanWriter, definition: ModelDefinition): PlacedPlan {
  const { byteLength } = plan;
  const address = runtime.allocate(
    byteLength,
    `the plan of the model (${byteLength} bytes of it packed weights)`,
  );
  try {
    runtime.bytes.fill(0, address, address + byteLength);
    runtime.bytes.set(plan.tables(), address);
    const fingerprint = withScratch(runtime, largestTensor(definition), (scratch) => {
      for (const constant of plan.constants) {
        writeConstant(
          runtime,
          constant,
          address + plan.constantsOffset + constant.offset,
          scratch,
          definition,
        );
      }
      return fingerprintOf(runtime, definition, scratch);
    });
    writeBounds(runtime, plan, address);
    writeFingerprint(runtime, address, fingerprint);
    validatePlan(runtime, address, byteLength);
    return { address, byteLength, fingerprint };
  } catch (error) {
    runtime.free(address);
    throw error;
  }
}

/**
 * Has the module check a plan that lies in its memory.
 *
 * @throws RivuletError `invalid-plan`, naming the part that was refused
 */
export function validatePlan(runtime: Runtime, address: number, byteLength: number): void {
  const status = runtime.exports.validate(address, byteLength);
  if (status === Status.Ok) return;
  const index = runtime.exports.refusedIndex.value as number;
  const part = STATUS_NAMES[status] ?? `status ${status}`;
  throw new RivuletError(
    'invalid-plan',
    `the plan is not one that can run: ${part}${index >= 0 ? ` ${index}` : ''}`,
  );
}

/** Tensors pass through linear memory on their way into the plan: room for the largest. */
function withScratch<T>(runtime: Runtime, bytes: number, use: (scratch: number) => T): T {
  const scratch = runtime.allocate(bytes, 'packing the largest tensor of the model');
  try {
    return use(scratch);
  } finally {
    runtime.free(scratch);
  }
}

function largestTensor(definition: ModelDefinition): number {
  let bytes = 4096;
  for (const { data } of definition.tensors.values()) bytes = Math.max(bytes, data.byteLength);
  return bytes;
}

function writeConstant(
  runtime: Runtime,
  constant: Constant,
  at: number,
  scratch: number,
  definition: ModelDefinition,
): void {
  if (constant.kind === 'values') {
    runtime.floats.set(constant.values, at >> 2);
    for (const value of constant.values) {
      if (!Number.isFinite(value)) throw nonFinite(constant, definition);
    }
    return;
  }
  if (constant.kind === 'words') {
    runtime.words.set(constant.words, at >> 2);
    return;
  }
  const { exports } = runtime;
  const { k, n, ranges } = constant;
  const pairs = Math.ceil(k / 2);
  if (constant.kind === 'int8') exports.clearInt8(at, n, pairs);
  let copied: RowRange | undefined;
  for (const range of ranges) {
    if (copied?.tensor !== range.tensor || copied.columns !== range.columns) {
      copyIn(runtime, inOrder(range, k), scratch);
    }
    copied = range;
    const source = scratch + range.from * k * range.tensor.data.BYTES_PER_ELEMENT;
    if (constant.kind === 'int8') exports.packInt8(source, range.rows, k, at, range.to, n, pairs);
    else if (!exports.packF32(source, range.rows, k, at + range.to * k * 4))
      throw nonFinite(range, definition);
  }
}

/** The tensor of a range with its columns in the order of the packed matrix. */
function inOrder({ tensor, columns }: RowRange, k: number): Tensor {
  if (!columns) return tensor;
  const data = tensor.data.slice();
  for (let row = 0; row < data.length; row += k) {
    for (let column = 0; column < k; column++) data[row + column] = tensor.data[row + columns[column]!]!;
  }
  return { ...tensor, data } as Tensor;
}

function copyIn(runtime: Runtime, tensor: Tensor, at: number): void {
  const { buffer, byteOffset, byteLength } = tensor.data;
  runtime.bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
}

function nonFinite(source: Constant | RowRange, definition: ModelDefinition): RivuletError {
  for (const [name, tensor] of definition.tensors) {
    const candidate = 'tensor' in source ? tensor === source.tensor : tensor.dtype === 'F32';
    if (!candidate) continue;
    const index = tensor.data.findIndex((value) => !Number.isFinite(value));
    if (index >= 0) {
      return new RivuletError(
        'non-finite-weight',
        `tensor ${show(name)}: every weight must be finite, got ${tensor.data[index]} at index ${index}`,
      );
    }
  }
  return new RivuletError(
    'non-finite-weight',
    'the sum of two biases, or a scaled weight, is not a finite float32',
  );
}

/** The bound on int8 activations follows from the packed weights. */
function writeBounds(runtime: Runtime, plan: PlanWriter, address: number): void {
  plan.ops.forEach((op, i) => {
    if (op.qmaxOf?.kind !== 'int8') return;
    const { n, k, offset } = op.qmaxOf;
    const sum = runtime.exports.largestRowSum(address + plan.constantsOffset + offset, n, Math.ceil(k / 2));
    runtime.words[(address + plan.qmaxOffset(i)) >> 2] = runtime.exports.qmaxOf(sum);
  });
}

function fingerprintOf(runtime: Runtime, definition: ModelDefinition, scratch: number): Fingerprint {
  let weights = 0n;
  for (const name of [...definition.tensors.keys()].sort()) {
    const tensor = definition.tensors.get(name)!;
    copyIn(runtime, tensor, scratch);
    weights = runtime.exports.xxh64(scratch, tensor.data.byteLength, weights);
  }
  let shape = 0n;
  for (const part of describeShape(definition)) {
    for (let i = 0; i < part.length; i++) runtime.bytes[scratch + i] = part.charCodeAt(i);
    shape = runtime.exports.xxh64(scratch, part.length, shape);
  }
  return { shape: hex(shape), weights: hex(weights) };
}

/** A 64-bit hash as 16 hexadecimal digits. */
export function hex(hash: bigint): string {
  return BigInt.asUintN(64, hash).toString(16).padStart(16, '0');
}

function writeFingerprint(runtime: Runtime, address: number, fingerprint: Fingerprint): void {
  const view = new DataView(runtime.bytes.buffer, address);
  view.setBigUint64(Header.ShapeFingerprint, BigInt(`0x${fingerprint.shape}`), true);
  view.setBigUint64(Header.WeightsFingerprint, BigInt(`0x${fingerprint.weights}`), true);
}
