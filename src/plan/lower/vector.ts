import type { Tensor } from '../../graph/definition.ts';
import type { Operand } from '../writer.ts';
import { columnsOf } from '../writer.ts';
import type { LowerContext } from './context.ts';

/** A trainable float32 vector in whole panels; without a tensor each of its values is `absent`. */
export function vectorOf(
  { plan, tensor }: LowerContext,
  name: string | undefined,
  size: number,
  absent: number,
): Operand {
  const values = new Float32Array(columnsOf(size));
  if (name === undefined) return plan.values({ values: values.fill(absent, 0, size), sources: [] });
  const source: Tensor = tensor(name);
  values.set(source.data);
  return plan.values({ values, sources: [{ tensor: source, from: 0, length: size, to: 0 }] });
}
