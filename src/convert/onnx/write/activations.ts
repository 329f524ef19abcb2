import { resolveActivation } from '../../../graph/activation.ts';
import type { Activation, ActivationName, GateActivation, GraphNode } from '../../../graph/definition.ts';
import { refuse } from './context.ts';
import type { Attribute, GraphWriter } from './graph-writer.ts';

const OPERATORS: Readonly<Record<ActivationName, readonly [operator: string, ...attributes: string[]]>> = {
  sigmoid: ['Sigmoid'],
  tanh: ['Tanh'],
  relu: ['Relu'],
  softmax: ['Softmax'],
  'log-softmax': ['LogSoftmax'],
  'hard-sigmoid': ['HardSigmoid', 'alpha', 'beta'],
  'leaky-relu': ['LeakyRelu', 'alpha'],
  elu: ['Elu', 'alpha'],
  softsign: ['Softsign'],
  clip: ['Clip'],
  sqrt: ['Sqrt'],
};

export function writeActivation(graph: GraphWriter, name: string, x: string, activation: Activation): string {
  const { name: kind, parameters } = resolveActivation(activation);
  const [operator, ...names] = OPERATORS[kind as ActivationName];
  if (kind === 'clip') {
    const [low, high] = parameters.map((bound) => graph.floats(`${name}/bound`, [], Float32Array.of(bound)));
    return graph.op(operator, name, [x, low!, high!]);
  }
  const attributes = Object.fromEntries(names.map((attribute, i) => [attribute, { float: parameters[i]! }]));
  return graph.op(operator, name, [x], attributes);
}

/**
 * The activations of a cell as attributes: alpha and beta are lists from which those take that have them.
 *
 * @throws RivuletError `not-supported`
 */
export function gateActivations(
  node: GraphNode,
  activations: readonly GateActivation[],
  directions: number,
): Record<string, Attribute> {
  const all = Array.from({ length: directions }, () => activations).flat();
  const names: string[] = [];
  const [alphas, betas]: [number[], number[]] = [[], []];
  for (const activation of all) {
    const { name, parameters } = resolveActivation(activation);
    if (name === 'clip') throw refuse(node, 'the activation clip in a cell; ONNX has none there');
    const [operator] = name === 'identity' ? ['Affine'] : OPERATORS[name];
    const [alpha, beta] = name === 'identity' ? [1, 0] : parameters;
    names.push(operator);
    if (alpha !== undefined) alphas.push(alpha);
    if (beta !== undefined) betas.push(beta);
  }
  return {
    activations: names,
    ...(alphas.length > 0 && { activation_alpha: { floats: alphas } }),
    ...(betas.length > 0 && { activation_beta: { floats: betas } }),
  };
}
