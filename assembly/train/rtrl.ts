// Real-time recurrent learning (Williams & Zipser 1989) of one minGRU or minLSTM. In such an element-wise recurrence unit j
// hears of the past from itself alone, so that its state depends on its own parameters only, and the sensitivities S =
// dh/dθ are as many as the parameters (Zucchet et al. 2023): not a matrix of units by parameters.
//
// Over a window of timesteps, from the state h₀ to the state h,
//
//   dloss/dθ = ∂loss/∂θ + C S      C = ∂loss/∂h₀
//   S ← D S + G                    D = ∂h/∂h₀      G = ∂h/∂θ
//
// with ∂ the derivatives within the window, unit by unit. Backpropagation through the window gives them all: ∂loss/∂θ and C
// with the loss's gradient, as ever; G and D once more through the cell, from a gradient of 1 for each unit of h. A window
// may be one timestep, and the gradient always reaches back to where the stream began.

import { flush, flushVector, smallest } from '../kernels/activation/flush';
import { matvecF32Op } from '../kernels/matvec/op';
import { minGruState } from '../cells/mingru';
import { minLstmState } from '../cells/minlstm';
import { BACKWARD_RECORD, BackwardRecord } from '../memory/backward-record';
import { addPanel } from '../memory/copy';
import { columnsOf } from '../memory/op-record';
import { countOf, entry } from '../plan/image';
import { Session, stateAddress } from '../plan/session';
import { Header, StateEntry } from '../shared/plan';
import { gradientNorm } from './optimizer/norm';
import { Trainer } from './trainer';
import { flowBack } from './window';

/**
 * One block, of a trainer of one stream whose windows are one chunk: header | backward records of the cell, from its product on | S | G. S and G have
 * the parts W [gates/16][k][16], bias [gates], and S the initial state [units] behind them.
 */
@unmanaged
export class Rtrl {
  trainer: usize;
  records: usize;
  recordsEnd: usize;
  /** Bytes of the weights, of the biases, of the units. */
  weightBytes: usize;
  biasBytes: usize;
  unitBytes: usize;
  k: i32;
  sensitivities: usize;
  window: usize;
  /** Where the trainer gathers the gradients of W, the bias and the initial state; 0 for what is not there or frozen. */
  weightGradient: usize;
  biasGradient: usize;
  initialGradient: usize;
  /** ∂/∂h₀: the trainer's gradient of the state. */
  carried: usize;
  /** Whether the stream has passed its first window, in which the trainer knows the initial state. */
  begun: bool;
}

const HEADER: usize = 64;

/** Bytes for the only minGRU or minLSTM of a trainer, of which the matrix or the bias is trainable. */
export function rtrlBytes(trainer: usize): u32 {
  const t = changetype<Trainer>(trainer), cell = cellOf(t), product = productOf(t, cell).op;
  const parameters = <usize>product.k * <usize>product.n + <usize>product.m << 2;
  const records = changetype<usize>(cell) - changetype<usize>(productOf(t, cell)) + BACKWARD_RECORD;
  return <u32>(HEADER + records + 15 & ~15) + <u32>(2 * parameters + (<usize>columnsOf(cell.op.n) << 2));
}

export function rtrlInit(at: usize, trainer: usize): void {
  memory.fill(at, 0, rtrlBytes(trainer));
  const r = changetype<Rtrl>(at), t = changetype<Trainer>(trainer), cell = cellOf(t), product = productOf(t, cell);
  r.trainer = trainer;
  r.k = product.op.k;
  r.weightBytes = <usize>product.op.k * <usize>product.op.n << 2;
  r.biasBytes = <usize>product.op.m << 2;
  r.unitBytes = <usize>columnsOf(cell.op.n) << 2;
  r.weightGradient = product.db;
  r.biasGradient = product.dc;
  r.initialGradient = initialGradientOf(t, cell.op.b);
  r.carried = cell.db;
  r.records = at + HEADER;
  const bytes = changetype<usize>(cell) - changetype<usize>(product) + BACKWARD_RECORD;
  memory.copy(r.records, changetype<usize>(product), bytes);
  r.recordsEnd = r.records + bytes;
  r.sensitivities = r.recordsEnd + 15 & ~15;
  r.window = r.sensitivities + r.weightBytes + r.biasBytes + r.unitBytes;
  divert(changetype<BackwardRecord>(r.records), r.window, r.window + r.weightBytes);
}

/** The product's share goes into G, and none to what it reads. */
function divert(product: BackwardRecord, weights: usize, bias: usize): void {
  product.da = 0;
  product.transposed = 0;
  product.db = weights;
  product.dc = bias;
}

/** The last op before the end of the main section that is one of the two cells. */
function cellOf(t: Trainer): BackwardRecord {
  let at = t.backwardMainEnd - BACKWARD_RECORD;
  while (!isElementwise(changetype<BackwardRecord>(at).op.run)) at -= BACKWARD_RECORD;
  return changetype<BackwardRecord>(at);
}

function isElementwise(run: u32): bool {
  return run == minGruState.index || run == minLstmState.index;
}

/** The product whose gates a cell reads. */
function productOf(t: Trainer, cell: BackwardRecord): BackwardRecord {
  let at = changetype<usize>(cell);
  do at -= BACKWARD_RECORD;
  while (changetype<BackwardRecord>(at).op.run != matvecF32Op.index || changetype<BackwardRecord>(at).op.d != cell.op.a);
  return changetype<BackwardRecord>(at);
}

function initialGradientOf(t: Trainer, state: usize): usize {
  for (let i: u32 = 0; i < countOf(t.plan, Header.States); i++) {
    const initial = load<u32>(entry(t.plan, Header.States, i), StateEntry.Initial);
    if (stateAddress(t.session, i) == state && initial) return t.parameterGradients + (t.plan + initial - t.parameters);
  }
  return 0;
}

/** The stream begins anew. */
export function rtrlReset(at: usize): void {
  const r = changetype<Rtrl>(at);
  memory.fill(r.sensitivities, 0, r.weightBytes + r.biasBytes + r.unitBytes);
  r.begun = false;
}

/** S, for a host that keeps or restores them with `begun`: f32, so many bytes. */
export function rtrlSensitivities(at: usize): usize { return changetype<Rtrl>(at).sensitivities; }
export function rtrlSensitivityBytes(at: usize): usize {
  const r = changetype<Rtrl>(at);
  return r.weightBytes + r.biasBytes + r.unitBytes;
}
export function rtrlBegun(at: usize): bool { return changetype<Rtrl>(at).begun; }
export function rtrlSetBegun(at: usize, begun: bool): void { changetype<Rtrl>(at).begun = begun; }

/**
 * Behind a window of so many timesteps, no more than a chunk: adds what lies before it to the gradients and takes the
 * sensitivities to its end. Leaves the gradients' norm.
 */
export function rtrlAdvance(at: usize, timesteps: i32): void {
  const r = changetype<Rtrl>(at), t = changetype<Trainer>(r.trainer);
  addPast(r);
  memory.fill(t.gradients, 0, t.stateGradientsEnd - t.gradients);
  memory.fill(r.window, 0, r.weightBytes + r.biasBytes);
  seed(changetype<BackwardRecord>(r.recordsEnd - BACKWARD_RECORD), timesteps - 1);
  flowBack(t, r.records, r.recordsEnd, timesteps, true);
  carryOn(r);
  t.norm = gradientNorm(t.segments, t.segmentCount, t.parameterGradients);
}

/** dloss/dθ += C S */
function addPast(r: Rtrl): void {
  const weights = r.sensitivities, bias = weights + r.weightBytes, initial = bias + r.biasBytes;
  if (r.weightGradient) addScaled(r, r.weightGradient, weights, r.weightBytes, r.k);
  addScaled(r, r.biasGradient, bias, r.biasBytes, 1);
  if (r.initialGradient && r.begun) addScaled(r, r.initialGradient, initial, r.unitBytes, 1);
}

/** A gradient of 1 for each unit behind timestep t, none for the padding. */
function seed(cell: BackwardRecord, t: i32): void {
  const op = cell.op;
  for (let i = 0; i < op.n; i++) {
    store<f32>(cell.dc + <usize>(i >> 4) * op.cPanel + (<usize>t << 6) + (<usize>(i & 15) << 2), 1);
  }
}

/** S ← D S + G */
function carryOn(r: Rtrl): void {
  const weights = r.sensitivities, bias = weights + r.weightBytes, initial = bias + r.biasBytes;
  scale(r, weights, r.weightBytes, r.k);
  scale(r, bias, r.biasBytes, 1);
  for (let i: usize = 0; i < r.weightBytes + r.biasBytes; i += 64) addPanel(weights + i, r.window + i);
  if (r.begun) scale(r, initial, r.unitBytes, 1);
  else memory.copy(initial, r.carried, r.unitBytes);
  r.begun = true;
}

/** to += carried × s, panels of `rows` rows, whose units begin again with each gate. */
function addScaled(r: Rtrl, to: usize, s: usize, bytes: usize, rows: i32): void {
  const panel = <usize>rows << 6;
  let unit: usize = 0;
  for (const end = s + bytes; s < end; ) {
    const factor = r.carried + unit;
    for (const panelEnd = s + panel; s < panelEnd; s += 64, to += 64) addScaledRow(to, s, factor);
    unit = unit + 64 == r.unitBytes ? 0 : unit + 64;
  }
}

/** s ← carried × s, likewise; what is too small for a state is 0. */
function scale(r: Rtrl, s: usize, bytes: usize, rows: i32): void {
  const panel = <usize>rows << 6;
  let unit: usize = 0;
  for (const end = s + bytes; s < end; ) {
    const factor = r.carried + unit;
    for (const panelEnd = s + panel; s < panelEnd; s += 64) scaleRow(s, factor);
    unit = unit + 64 == r.unitBytes ? 0 : unit + 64;
  }
}

// @ts-ignore: decorator
@inline
function addScaledRow(to: usize, s: usize, factor: usize): void {
  if (ASC_FEATURE_SIMD) {
    for (let i: usize = 0; i < 64; i += 16) {
      v128.store(to + i, f32x4.add(v128.load(to + i), f32x4.mul(v128.load(factor + i), v128.load(s + i))));
    }
  } else {
    for (let i: usize = 0; i < 64; i += 4) store<f32>(to + i, load<f32>(to + i) + load<f32>(factor + i) * load<f32>(s + i));
  }
}

// @ts-ignore: decorator
@inline
function scaleRow(s: usize, factor: usize): void {
  if (ASC_FEATURE_SIMD) {
    const tiny = smallest();
    for (let i: usize = 0; i < 64; i += 16) {
      v128.store(s + i, flushVector(f32x4.mul(v128.load(factor + i), v128.load(s + i)), tiny));
    }
  } else {
    for (let i: usize = 0; i < 64; i += 4) store<f32>(s + i, flush(load<f32>(factor + i) * load<f32>(s + i)));
  }
}
