/** What the losses of regression take. */
export const FINITE = 'every value must be finite';

export function isFiniteValue(value: number): boolean {
  return value - value === 0;
}
