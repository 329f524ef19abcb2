import type { Attributes } from './attributes.ts';
import type { Emitter } from './emitter.ts';
import type { NodeProto } from './proto.ts';
import type { Value } from './value.ts';

/** A node of the file with what its inputs stand for. */
export interface OperatorCall {
  readonly node: NodeProto;
  /** The node as messages name it. */
  readonly place: string;
  /** The version of the operator set that the node's domain has in this file. */
  readonly opset: number;
  /** Undefined where an optional input is left out. */
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Attributes;
  readonly emit: Emitter;
}

/**
 * What the outputs of the node stand for, in their order. It emits nodes of ours where something is to be computed; where
 * all inputs are constants it computes.
 *
 * @throws RivuletError `unsupported-operator`, naming node, operator and attribute and what is supported
 */
export type Operator = (call: OperatorCall) => readonly (Value | undefined)[];
