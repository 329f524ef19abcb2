import type { Session } from '../session/session.ts';
import { beamSearch } from './beam.ts';
import { checkDecoding, type DecodeOptions, type DecodeSettings } from './options.ts';
import { DecoderRows } from './rows.ts';

export interface Decoded {
  /** Without `start` and `end`. */
  readonly tokens: Uint32Array;
  /** Whether the decoder ended the sequence itself; false where `maxLength` did. */
  readonly ended: boolean;
  /** The sum of the log-probabilities of the tokens, and of the end if there is one, in nats; of the logits as they are. */
  readonly score: number;
}

/**
 * A sequence out of a model that reads its own output: one input of tokens, one output of logits. It begins where a row
 * of the session is: after `encode` in a model with an encoder, whose sequence may be a single vector, else at the state
 * that was run, restored or set before. The session stays there: what is decoded moves streams of their own.
 *
 * Equal scores go to the lower token, then to the better beam; the same tokens on every engine.
 *
 * @throws RivuletError `invalid-argument`, `not-encoded`, `not-streamable`, `out-of-memory`, `disposed`
 */
export function decode(session: Session, options: DecodeOptions): Decoded {
  const { model, block } = session;
  const settings = checkDecoding(model, block.rows, options);
  const { strategy, beamWidth, row } = settings;
  const rows = new DecoderRows(model, block, row, strategy === 'beam' ? beamWidth : 1);
  try {
    return strategy === 'beam' ? beamSearch(rows, settings) : follow(rows, settings);
  } finally {
    rows.dispose();
  }
}

/** One stream, which reads each token that it gives. */
function follow(rows: DecoderRows, { start, end, maxLength, strategy, sampling }: DecodeSettings): Decoded {
  const how = strategy === 'greedy' ? { ...sampling, temperature: 0 } : sampling;
  const logs = new Float32Array(rows.size);
  const tokens: number[] = [];
  let last = start;
  let score = 0;
  for (;;) {
    rows.step([last]);
    last = rows.draw(how, tokens.length);
    const ended = last === end;
    if (!ended && tokens.length === maxLength) return { tokens: Uint32Array.from(tokens), ended, score };
    rows.logProbabilities(0, logs);
    score += logs[last]!;
    if (ended) return { tokens: Uint32Array.from(tokens), ended, score };
    tokens.push(last);
  }
}
