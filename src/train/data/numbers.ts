const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** The number that a cell of a text holds, rounded to float32; undefined where it holds none, or none that is finite. */
export function parseFloat32(cell: string): number | undefined {
  const digits = cell.trim();
  return NUMBER.test(digits) ? finiteFloat32(Number(digits)) : undefined;
}

/** A number rounded to float32; undefined where it is not finite then. */
export function finiteFloat32(value: number): number | undefined {
  const rounded = Math.fround(value);
  return rounded - rounded === 0 ? rounded : undefined;
}

/** A Float32Array that grows as values come, doubling its room. */
export class GrowingFloats {
  #values = new Float32Array(1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = new Float32Array(2 * this.#length);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length++] = value;
  }

  /** A copy of the values so far. */
  values(): Float32Array {
    return this.#values.slice(0, this.#length);
  }
}
