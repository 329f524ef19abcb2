import { OpRecord } from '../memory/op-record';
import { Direction, Status } from '../shared/codes';
import { checkInputs } from './inputs';
import { Session } from './session';

/**
 * A chunk of 1 … session.chunk timesteps, layer by layer: an op without a direction runs over all timesteps at once,
 * a run of ops with one goes through them together, timestep by timestep. Gives the bits of as many steps.
 */
export function sequence(at: usize, timesteps: i32): i32 {
  const session = changetype<Session>(at);
  if (timesteps < 1 || timesteps > session.chunk) return Status.TooManyTimesteps;
  const status = checkInputs(session, timesteps * session.rows);
  if (status != Status.Ok) return status;
  let op = session.ops;
  while (op < session.opsEnd) {
    const record = changetype<OpRecord>(op);
    if (record.direction == Direction.None) {
      call_indirect<void>(record.run, op, 0, timesteps * session.rows);
      op += record.span;
    } else {
      const end = endOfLoop(op, session.opsEnd);
      loop(op, end, timesteps, session.rows);
      op = end;
    }
  }
  return Status.Ok;
}

/** The first op behind `op` that goes another way through time. */
function endOfLoop(op: usize, opsEnd: usize): usize {
  const direction = changetype<OpRecord>(op).direction;
  while (op < opsEnd && changetype<OpRecord>(op).direction == direction) op += changetype<OpRecord>(op).span;
  return op;
}

function loop(first: usize, end: usize, timesteps: i32, rows: i32): void {
  const backward = changetype<OpRecord>(first).direction == Direction.Backward;
  for (let i = 0; i < timesteps; i++) {
    const row = (backward ? timesteps - 1 - i : i) * rows;
    for (let op = first; op < end; op += changetype<OpRecord>(op).span) {
      call_indirect<void>(changetype<OpRecord>(op).run, op, row, rows);
    }
  }
}
