type Values = Uint32Array | Float32Array;

/**
 * The timesteps that a learner may still learn from, in order: their inputs, and their targets as far as they came. Constant
 * memory: the oldest are dropped.
 */
export class Pending {
  readonly capacity: number;
  /** The timestep of the stream that stands first. */
  first = 0;
  count = 0;
  readonly inputs: Values;
  readonly targets: Values;
  /** 1 where a target came that was not learnt from yet. */
  readonly weights: Float32Array;
  readonly #inputWidth: number;
  readonly #targetWidth: number;

  /** @param inputWidth values a timestep, 1 for tokens; likewise `targetWidth` for classes */
  constructor(
    capacity: number,
    { tokens, inputWidth }: { readonly tokens: boolean; readonly inputWidth: number },
    { classes, targetWidth }: { readonly classes: boolean; readonly targetWidth: number },
  ) {
    this.capacity = capacity;
    this.inputs = new (tokens ? Uint32Array : Float32Array)(capacity * inputWidth);
    this.targets = new (classes ? Uint32Array : Float32Array)(capacity * targetWidth);
    this.weights = new Float32Array(capacity);
    this.#inputWidth = inputWidth;
    this.#targetWidth = targetWidth;
  }

  get isFull(): boolean {
    return this.count === this.capacity;
  }

  push(input: number | Values): void {
    if (typeof input === 'number') this.inputs[this.count] = input;
    else this.inputs.set(input, this.count * this.#inputWidth);
    this.count++;
  }

  /** The target of a timestep of the stream that stands here. */
  setTarget(timestep: number, target: number | Values): void {
    const at = timestep - this.first;
    if (typeof target === 'number') this.targets[at] = target;
    else this.targets.set(target, at * this.#targetWidth);
    this.weights[at] = 1;
  }

  drop(timesteps: number): void {
    shift(this.inputs, timesteps * this.#inputWidth);
    shift(this.targets, timesteps * this.#targetWidth);
    shift(this.weights, timesteps);
    this.first += timesteps;
    this.count -= timesteps;
  }

  /** Nothing stands here, and the stream begins anew. */
  clear(): void {
    for (const values of [this.inputs, this.targets, this.weights]) values.fill(0);
    this.first = 0;
    this.count = 0;
  }
}

/** Zeros come in behind, so that a snapshot holds nothing of what was dropped. */
function shift(values: Values, by: number): void {
  values.copyWithin(0, by);
  values.fill(0, values.length - by);
}
