import { RivuletError } from '../errors.ts';
import type { Session } from '../session/session.ts';

/** @throws RivuletError `invalid-argument` for a session of several rows: text is one stream */
export function requireOneStream(session: Session, what: string): void {
  if (session.batchSize === 1) return;
  throw new RivuletError(
    'invalid-argument',
    `${what} takes a session of one stream, this one has batchSize ${session.batchSize}: create a session for each text`,
  );
}
