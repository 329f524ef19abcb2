import { RivuletError, show } from '../../errors.ts';
import type { NodeShape, ShapeContext } from './node-kind.ts';

/** Of a node that tells its first value from its second: both of one size, and no others. */
export function twoSizes(
  node: { readonly type: string; readonly inputs: readonly string[] },
  sizes: readonly number[],
  context: ShapeContext,
): NodeShape {
  if (sizes.length === 2) return sameSizes(node, sizes, context);
  throw new RivuletError(
    'invalid-graph',
    `${context.place}: ${node.type} takes two values, got ${sizes.length}`,
  );
}

/** Of an elementwise node: everything that it reads has the size of what it gives. */
export function sameSizes(
  node: { readonly type: string; readonly inputs: readonly string[] },
  sizes: readonly number[],
  { place }: ShapeContext,
): NodeShape {
  const size = sizes[0]!;
  const other = sizes.findIndex((each) => each !== size);
  if (other < 0) return { size };
  throw new RivuletError(
    'wrong-shape',
    `${place}: ${node.type} needs values of one size, but ${show(node.inputs[0])} has ${size} ` +
      `and ${show(node.inputs[other])} has ${sizes[other]}`,
  );
}
