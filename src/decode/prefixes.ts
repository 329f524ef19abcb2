// The prefixes of a CTC beam. Of each the probability of all alignments so far that end in a blank, and of those that end
// in its last label, since a label that follows itself is another one only behind a blank:
//
//   blank'(l)  = (blank(l) + ending(l)) p[blank]
//   ending'(l) = ending(l) p[last of l] + ways(l without its last) p[last of l]
//   ways(m)    = blank(m) + ending(m), or blank(m) alone where the last of m is the last of l
//
// Probabilities are numbers and not their logarithms. All of them are multiplied by a power of two, which is exact, when
// they become small.

/** A sequence of labels, in a tree of those that are in the beam and all before them. */
class Prefix {
  readonly parent: Prefix | undefined;
  /** The last one; -1 of the empty sequence. */
  readonly label: number;
  readonly #children = new Map<number, Prefix>();
  blank = 0;
  ending = 0;
  inBeam = false;

  constructor(parent: Prefix | undefined, label: number) {
    this.parent = parent;
    this.label = label;
  }

  get labels(): number[] {
    const labels: number[] = [];
    for (let at: Prefix = this; at.parent; at = at.parent) labels.push(at.label);
    return labels.reverse();
  }

  /** Of all alignments that `label` may follow as one more. */
  waysTo(label: number): number {
    return label === this.label ? this.blank : this.blank + this.ending;
  }

  /** Whether it is in the beam with one label more. */
  hasInBeam(label: number): boolean {
    return this.#children.get(label)?.inBeam === true;
  }

  child(label: number): Prefix {
    let child = this.#children.get(label);
    if (!child) {
      child = new Prefix(this, label);
      this.#children.set(label, child);
    }
    return child;
  }

  /** Takes it out of the tree where it leads to nothing in the beam, and what before it then leads to nothing. */
  prune(): void {
    for (let at: Prefix = this; at.parent && !at.inBeam && at.#children.size === 0; at = at.parent)
      at.parent.#children.delete(at.label);
  }
}

/** What might be in the beam: a prefix of before, or one with a label more. */
interface Candidate {
  readonly prefix: Prefix;
  /** -1 for none. */
  readonly more: number;
  readonly blank: number;
  readonly ending: number;
  readonly total: number;
}

/** Below 2^-200 the probabilities are multiplied by 2^200. */
const SMALL = -200;

export class Prefixes {
  readonly #blank: number;
  readonly #width: number;
  /** The best first. */
  #beam: readonly Prefix[];
  /** Probabilities are 2 to it times what stands in the prefixes. */
  #exponent = 0;

  constructor(blank: number, width: number) {
    const empty = new Prefix(undefined, -1);
    empty.blank = 1;
    empty.inBeam = true;
    this.#blank = blank;
    this.#width = width;
    this.#beam = [empty];
  }

  /** A timestep with the probabilities of the classes. */
  step(probabilities: Float64Array): void {
    const chosen: Candidate[] = [];
    for (const prefix of this.#beam) {
      this.#offer(chosen, this.#stay(prefix, probabilities));
      for (let label = 0; label < probabilities.length; label++) {
        // One that is in the beam already has these ways when it stays.
        if (label === this.#blank || prefix.hasInBeam(label)) continue;
        const ending = prefix.waysTo(label) * probabilities[label]!;
        this.#offer(chosen, { prefix, more: label, blank: 0, ending, total: ending });
      }
    }
    this.#replace(chosen);
  }

  /** The best first; their probability is mantissa 2^exponent, the mantissa in [1, 2). */
  best(): { readonly labels: number[]; readonly mantissa: number; readonly exponent: number }[] {
    return this.#beam.map((prefix) => {
      let mantissa = prefix.blank + prefix.ending;
      let exponent = this.#exponent;
      for (; mantissa < 1; mantissa *= 2) exponent--;
      return { labels: prefix.labels, mantissa, exponent };
    });
  }

  #stay(prefix: Prefix, probabilities: Float64Array): Candidate {
    const { parent, label } = prefix;
    const blank = (prefix.blank + prefix.ending) * probabilities[this.#blank]!;
    const ways = parent?.inBeam ? parent.waysTo(label) : 0;
    const ending = parent ? (prefix.ending + ways) * probabilities[label]! : 0;
    return { prefix, more: -1, blank, ending, total: blank + ending };
  }

  #offer(chosen: Candidate[], candidate: Candidate): void {
    if (candidate.total === 0) return;
    if (chosen.length === this.#width && !isBefore(candidate, chosen[this.#width - 1]!)) return;
    let at = chosen.length;
    while (at > 0 && isBefore(candidate, chosen[at - 1]!)) at--;
    chosen.splice(at, 0, candidate);
    if (chosen.length > this.#width) chosen.pop();
  }

  /** The chosen ones become the beam. */
  #replace(chosen: readonly Candidate[]): void {
    const before = this.#beam;
    const isSmall = chosen[0]!.total < 2 ** SMALL;
    const scale = isSmall ? 2 ** -SMALL : 1;
    if (isSmall) this.#exponent += SMALL;
    for (const prefix of before) prefix.inBeam = false;
    this.#beam = chosen.map(({ prefix, more, blank, ending }) => {
      const next = more < 0 ? prefix : prefix.child(more);
      next.blank = blank * scale;
      next.ending = ending * scale;
      next.inBeam = true;
      return next;
    });
    for (const prefix of before) prefix.prune();
  }
}

/** The more probable; of equals the lower label where they first differ, or the shorter. */
function isBefore(a: Candidate, b: Candidate): boolean {
  if (a.total !== b.total) return a.total > b.total;
  const [first, second] = [labelsOf(a), labelsOf(b)];
  const at = first.findIndex((label, i) => label !== second[i]);
  if (at < 0) return first.length < second.length;
  return at < second.length && first[at]! < second[at]!;
}

function labelsOf({ prefix, more }: Candidate): number[] {
  return more < 0 ? prefix.labels : [...prefix.labels, more];
}
