import { OpRecord } from '../memory/op-record';
import { Status } from '../shared/codes';
import { checkInputs } from './inputs';
import { Session } from './session';

/** One timestep of every row; allocates nothing. Where it answers anything but Ok, the state is as it was. */
export function step(at: usize): i32 {
  const session = changetype<Session>(at), rows = session.rows;
  if (session.readiness != Status.Ok) return session.readiness;
  const status = checkInputs(session, session.inputs, session.inputsEnd, rows);
  if (status != Status.Ok) return status;
  const end = session.opsEnd;
  let op = session.ops;
  do {
    call_indirect<void>(changetype<OpRecord>(op).run, op, 0, rows);
    op += changetype<OpRecord>(op).span;
  } while (op < end);
  return Status.Ok;
}
