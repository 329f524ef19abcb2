import type { Decoded } from './decode.ts';
import type { DecodeSettings } from './options.ts';
import type { DecoderRows } from './rows.ts';

// Beam search (Lowerre 1976; Sutskever, Vinyals and Le 2014): each timestep the `beamWidth` best of all sequences one token
// longer go on, or are put aside where that token is the end. A score is a sum of log-probabilities and never rises, so
// the search is over once no sequence can surpass the best that has ended. Wide enough to hold all sequences it is exact.

interface Hypothesis {
  readonly tokens: readonly number[];
  readonly score: number;
}

interface Candidate {
  /** The hypothesis that it prolongs, which is the row of its logits too. */
  readonly parent: number;
  readonly token: number;
  readonly score: number;
}

export function beamSearch(rows: DecoderRows, settings: DecodeSettings): Decoded {
  const { start, end, maxLength, beamWidth, normalize } = settings;
  const logs = new Float32Array(rows.size);
  const worth = ({ tokens, score }: Hypothesis) => (normalize ? score / (tokens.length + 1) : score);
  let going: readonly Hypothesis[] = [{ tokens: [], score: 0 }];
  let best: Hypothesis | undefined;
  rows.step([start]);
  for (let length = 0; ; length++) {
    const chosen = chooseBest(rows, going, beamWidth, logs);
    for (const { parent, token, score } of chosen) {
      if (token !== end) continue;
      const ended = { tokens: going[parent]!.tokens, score };
      if (best === undefined || worth(ended) > worth(best)) best = ended;
    }
    if (length === maxLength) break;
    const longer = chosen.filter(({ token }) => token !== end);
    going = longer.map(({ parent, token, score }) => ({ tokens: [...going[parent]!.tokens, token], score }));
    // At best every further token is certain, and the score per token that of the longest sequence.
    const bound = (going[0]?.score ?? -Infinity) / (normalize ? maxLength + 1 : 1);
    if (best !== undefined && worth(best) >= bound) break;
    rows.reorder(longer.map(({ parent }) => parent));
    rows.step(longer.map(({ token }) => token));
  }
  const { tokens, score } = best ?? going[0]!;
  return { tokens: Uint32Array.from(tokens), ended: best !== undefined, score };
}

/** The best of all prolongations by one token, at most `width`, the best first. */
function chooseBest(
  rows: DecoderRows,
  hypotheses: readonly Hypothesis[],
  width: number,
  logs: Float32Array,
): readonly Candidate[] {
  const chosen: Candidate[] = [];
  hypotheses.forEach(({ score }, parent) => {
    rows.logProbabilities(parent, logs);
    for (let token = 0; token < logs.length; token++) {
      const candidate = { parent, token, score: score + logs[token]! };
      if (chosen.length < width || isBefore(candidate, chosen[width - 1]!)) insert(chosen, candidate, width);
    }
  });
  return chosen;
}

function insert(chosen: Candidate[], candidate: Candidate, width: number): void {
  let at = chosen.length;
  while (at > 0 && isBefore(candidate, chosen[at - 1]!)) at--;
  chosen.splice(at, 0, candidate);
  if (chosen.length > width) chosen.pop();
}

/** The higher score; of equals the lower token, then the better hypothesis. */
function isBefore(a: Candidate, b: Candidate): boolean {
  if (a.score !== b.score) return a.score > b.score;
  return a.token !== b.token ? a.token < b.token : a.parent < b.parent;
}
