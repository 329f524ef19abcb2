import { OP_RECORD, OpRecord } from '../memory/op-record';
import { Direction, Status } from '../shared/codes';
import { checkInputs } from './inputs';
import { Session } from './session';

/** One timestep of every row; allocates nothing. Where it answers anything but Ok, the state is as it was. */
export function step(at: usize): i32 {
  const session = changetype<Session>(at), rows = session.rows;
  const status = checkInputs(session, rows);
  if (status != Status.Ok) return status;
  const end = session.opsEnd;
  for (let op = session.ops; op < end; op += OP_RECORD) {
    call_indirect<void>(changetype<OpRecord>(op).run, op, 0, rows);
  }
  return Status.Ok;
}

/** Whether a graph can go timestep by timestep: no op runs backward in time. */
export function streams(at: usize): bool {
  const session = changetype<Session>(at);
  for (let op = session.ops; op < session.opsEnd; op += OP_RECORD) {
    if (changetype<OpRecord>(op).direction == Direction.Backward) return false;
  }
  return true;
}
