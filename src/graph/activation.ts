import type { Activation, ActivationName, GateActivation } from './definition.ts';
import type { Fields } from './fields.ts';

/** Every activation, and what its parameters are where it is given by its name alone. */
export const ACTIVATIONS: { readonly [A in ActivationName]: readonly number[] } = {
  sigmoid: [],
  tanh: [],
  relu: [],
  softmax: [],
  'hard-sigmoid': [0.2, 0.5],
  'leaky-relu': [0.01],
  elu: [1],
  softsign: [],
  clip: [-1, 1],
  sqrt: [],
  'log-softmax': [],
};

const ACTIVATION_NAMES = Object.keys(ACTIVATIONS) as ActivationName[];
/** What no cell has: of a whole vector, or not of every number. */
const NOT_OF_GATES: readonly ActivationName[] = ['softmax', 'log-softmax', 'sqrt'];
const GATE_ACTIVATION_NAMES = [
  ...ACTIVATION_NAMES.filter((name) => !NOT_OF_GATES.includes(name)),
  'identity',
] as const;

/** Room for every parameter that makes sense, and none whose products overflow. */
const LARGEST_PARAMETER = 1e6;

/** The field `field` of a node: a name, or an object with parameters. */
export function parseActivation(fields: Fields, field: string): Activation {
  if (typeof fields.value(field) === 'string') return fields.oneOf(field, ACTIVATION_NAMES);
  return parseParameters(fields, field);
}

/** The same for an activation within a cell. */
export function parseGateActivation(fields: Fields, field: string): GateActivation {
  if (typeof fields.value(field) === 'string') {
    return fields.oneOf(field, GATE_ACTIVATION_NAMES) as GateActivation;
  }
  return parseParameters(fields, field);
}

function parseParameters(fields: Fields, field: string): Exclude<Activation, string> {
  const number = (object: Fields, name: string) => object.number(name, -LARGEST_PARAMETER, LARGEST_PARAMETER);
  return fields.object(field, (object) => {
    const type = object.oneOf('type', ['hard-sigmoid', 'leaky-relu', 'elu', 'clip']);
    if (type === 'hard-sigmoid')
      return { type, alpha: number(object, 'alpha'), beta: number(object, 'beta') };
    // Not negative: the gradient tells which side x was on by the sign of y.
    if (type !== 'clip') return { type, alpha: object.number('alpha', 0, LARGEST_PARAMETER) };
    const low = number(object, 'low');
    return { type, low, high: object.number('high', low, LARGEST_PARAMETER) };
  });
}

/** The name of an activation and its parameters, whether it was given with them or without. */
export function resolveActivation(activation: Activation | 'identity'): {
  readonly name: ActivationName | 'identity';
  readonly parameters: readonly number[];
} {
  if (activation === 'identity') return { name: activation, parameters: [] };
  if (typeof activation === 'string') return { name: activation, parameters: ACTIVATIONS[activation] };
  switch (activation.type) {
    case 'hard-sigmoid':
      return { name: activation.type, parameters: [activation.alpha, activation.beta] };
    case 'clip':
      return { name: activation.type, parameters: [activation.low, activation.high] };
    default:
      return { name: activation.type, parameters: [activation.alpha] };
  }
}

/** An activation as text: `hard-sigmoid 0.2 0.5`, the same whether the parameters were given or are the usual ones. */
export function activationText(activation: Activation | 'identity'): string {
  const { name, parameters } = resolveActivation(activation);
  return [name, ...parameters].join(' ');
}
