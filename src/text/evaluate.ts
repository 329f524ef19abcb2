import { RivuletError, show } from '../errors.ts';
import type { Session } from '../session/session.ts';
import { requireOneStream } from './one-stream.ts';

export interface Evaluation {
  /** Mean cross-entropy in nats per token. */
  readonly loss: number;
  /** How many tokens were predicted: all but the first. */
  readonly tokens: number;
}

/**
 * The loss of a language model on a text, as one stream from the session's state: each token is predicted from all
 * before it. The session has read the text afterwards.
 *
 * @param onProgress called every 4096 tokens with how many are done
 * @throws RivuletError `invalid-argument`, `unknown-character`, `disposed`
 */
export function evaluateText(
  session: Session,
  text: string,
  onProgress?: (done: number) => void,
): Evaluation {
  const { tokenizer, outputs, inputs } = session.model;
  if (!tokenizer || inputs.length !== 1 || outputs.length !== 1 || outputs[0]!.size !== tokenizer.size) {
    throw new RivuletError('invalid-argument', 'a loss on text needs a language model with a tokenizer');
  }
  requireOneStream(session, 'evaluateText');
  if (typeof text !== 'string')
    throw new RivuletError('invalid-argument', `text must be a string, got ${show(text)}`);
  const tokens = tokenizer.encode(text);
  if (tokens.length < 2) {
    throw new RivuletError('invalid-argument', `text: expected at least 2 tokens, got ${tokens.length}`);
  }
  const { exports } = session.model.runtime;
  const { sampler } = session.model;
  const logits = new Float32Array(tokenizer.size);
  let sum = 0;
  for (let t = 0; t + 1 < tokens.length; t++) {
    session.step(tokens[t]!, logits);
    sum += exports.crossEntropy(session.outputAt(0) << 2, tokenizer.size, tokens[t + 1]!, sampler);
    if (t % 4096 === 4095) onProgress?.(t + 1);
  }
  return { loss: sum / (tokens.length - 1), tokens: tokens.length - 1 };
}
