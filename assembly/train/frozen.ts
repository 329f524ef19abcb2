// What a training with frozen parameters leaves out of the way back: the gradients of constants that do not change, and
// all that would flow to where nothing changes. A buffer or state moves where a trainable constant has a part in it.

import { countOf, entry, opEntry, operandBase, operandIndex, operandOffset } from '../plan/image';
import { constantBytes } from '../plan/validate-op';
import { Base } from '../shared/codes';
import { Header, OpEntry, StateEntry } from '../shared/plan';
import { SEGMENT, Segment } from './optimizer/segment';
import { outputOperand, statesWritten } from './table';
import { Trainer } from './trainer';

/** Bytes of the marks: one a buffer, one a state behind them. */
export function markBytes(plan: usize): u64 {
  return <u64>countOf(plan, Header.Buffers) + countOf(plan, Header.States);
}

/** Marks what moves; the segments of what is trainable are all there. */
export function markMoving(t: Trainer): void {
  t.frozen = 1;
  memory.fill(t.marks, 0, <usize>markBytes(t.plan));
  for (let i: u32 = 0; i < countOf(t.plan, Header.States); i++) {
    const initial = load<u32>(entry(t.plan, Header.States, i), StateEntry.Initial);
    if (initial != 0 && isTrainable(t, initial, 4)) mark(t, Base.State, i);
  }
  while (spread(t)) {}
}

/** Marks what ops write that have a trainable constant or read what moves; answers whether there was any new. */
function spread(t: Trainer): bool {
  let news = false;
  for (let i: u32 = 0; i < countOf(t.plan, Header.Ops); i++) {
    const op = opEntry(t.plan, i), code = load<u32>(op, OpEntry.Code), out = outputOperand(code);
    if (!trains(t, op) && !readsMoving(t, op)) continue;
    news = mark(t, operandBase(op, out), operandIndex(op, out)) || news;
    for (let state = statesWritten(code); state > 0; state--) {
      news = mark(t, Base.State, operandIndex(op, state)) || news;
    }
  }
  return news;
}

function mark(t: Trainer, base: u32, index: u32): bool {
  const at = markOf(t, base, index);
  if (load<u8>(at)) return false;
  store<u8>(at, 1);
  return true;
}

function markOf(t: Trainer, base: u32, index: u32): usize {
  return t.marks + index + (base == Base.State ? countOf(t.plan, Header.Buffers) : 0);
}

/** Whether an op reads something that moves: then the gradient goes through it. */
export function readsMoving(t: Trainer, op: usize): bool {
  const out = outputOperand(load<u32>(op, OpEntry.Code));
  for (let i = 0; i < 5; i++) if (i != out && moves(t, op, i)) return true;
  return !t.frozen;
}

/** Whether operand i of an op moves. */
export function moves(t: Trainer, op: usize, i: u32): bool {
  const base = operandBase(op, i);
  return !t.frozen || base >= <u32>Base.Buffer && load<u8>(markOf(t, base, operandIndex(op, i))) != 0;
}

/** Whether some constant of an op changes. */
export function trains(t: Trainer, op: usize): bool {
  for (let i: u32 = 0; i < 5; i++) if (changes(t, op, i)) return true;
  return false;
}

/** Whether operand i of an op is a constant that changes. */
export function changes(t: Trainer, op: usize, i: u32): bool {
  return !t.frozen || operandBase(op, i) == Base.Plan && isTrainable(t, operandOffset(op, i), constantBytes(op, i));
}

/** Whether some of `bytes` bytes of the plan do. */
function isTrainable(t: Trainer, offset: u32, bytes: u64): bool {
  const from = <u64>(offset - <u32>(t.parameters - t.plan));
  for (let i = 0; i < t.segmentCount; i++) {
    const segment = changetype<Segment>(t.segments + <usize>i * SEGMENT);
    if (from < <u64>segment.offset + segment.bytes && from + bytes > segment.offset) return true;
  }
  return false;
}
