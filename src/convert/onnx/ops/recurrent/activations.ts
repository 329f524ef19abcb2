/** The activations of a cell: names of ONNX with alpha and beta to ours. */
import { show } from '../../../../errors.ts';
import type { GateActivation } from '../../../../graph/definition.ts';
import type { OperatorCall } from '../../operator.ts';
import { invalid, unsupported } from '../../refuse.ts';

/** How many of alpha and beta an activation takes from the lists, and what it has without them. */
interface Known {
  readonly alpha?: number;
  readonly beta?: number;
  /** Undefined where ours has no such activation. */
  make(alpha: number, beta: number): GateActivation | undefined;
}

const KNOWN: Readonly<Record<string, Known>> = {
  sigmoid: { make: () => 'sigmoid' },
  tanh: { make: () => 'tanh' },
  relu: { make: () => 'relu' },
  softsign: { make: () => 'softsign' },
  softplus: { make: () => undefined },
  leakyrelu: { alpha: 0.01, make: (alpha) => ({ type: 'leaky-relu', alpha }) },
  thresholdedrelu: { alpha: 1, make: () => undefined },
  elu: { alpha: 1, make: (alpha) => ({ type: 'elu', alpha }) },
  hardsigmoid: { alpha: 0.2, beta: 0.5, make: (alpha, beta) => ({ type: 'hard-sigmoid', alpha, beta }) },
  affine: { alpha: 1, beta: 0, make: (alpha, beta) => (alpha === 1 && beta === 0 ? 'identity' : undefined) },
  scaledtanh: { alpha: 1, beta: 1, make: (alpha, beta) => (alpha === 1 && beta === 1 ? 'tanh' : undefined) },
};

const SUPPORTED =
  'Sigmoid, Tanh, Relu, LeakyRelu, Elu, HardSigmoid, Softsign, Affine with alpha 1 and beta 0, ScaledTanh with alpha 1 and beta 1';

/**
 * @param usual those that a direction has where the attribute is left out
 * @returns one for each of them, the same for both directions
 * @throws RivuletError `unsupported-operator`, `invalid-file`
 */
export function readActivations(
  { attributes, place }: OperatorCall,
  usual: readonly string[],
  directions: number,
): readonly GateActivation[] {
  const names = attributes.strings('activations') ?? Array.from({ length: directions }, () => usual).flat();
  const alphas = [...(attributes.floats('activation_alpha') ?? [])];
  const betas = [...(attributes.floats('activation_beta') ?? [])];
  if (names.length !== usual.length * directions) {
    const expected = usual.length * directions;
    throw invalid(place, `its attribute activations has ${names.length} names; expected ${expected}`);
  }
  const all = names.map((name) => readActivation(place, name, alphas, betas));
  const [forward, backward] = [all.slice(0, usual.length), all.slice(usual.length)];
  if (directions === 2 && JSON.stringify(forward) !== JSON.stringify(backward)) {
    throw unsupported(
      place,
      `its attribute activations has others for each direction (${names.join(', ')}); supported are the same for both`,
    );
  }
  return forward;
}

/** Alpha and beta are taken off the lists by those activations that have them. */
function readActivation(place: string, name: string, alphas: number[], betas: number[]): GateActivation {
  const key = name.toLowerCase();
  const known = Object.hasOwn(KNOWN, key) ? KNOWN[key] : undefined;
  const alpha = known?.alpha === undefined ? 0 : (alphas.shift() ?? known.alpha);
  const beta = known?.beta === undefined ? 0 : (betas.shift() ?? known.beta);
  const activation = known?.make(alpha, beta);
  if (activation !== undefined) return activation;
  const parameters = known?.alpha === undefined ? '' : ` with alpha ${alpha} and beta ${beta}`;
  throw unsupported(
    place,
    `its attribute activations has ${show(name)}${parameters}; supported are ${SUPPORTED}`,
  );
}
