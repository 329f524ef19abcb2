/**
 * The recurrent cells, as equations. W x stands for the rows of weight_ih of a gate, U h for those of weight_hh, b for the
 * sum of both biases of the gate; σ, τ and φ for the gate, candidate and output activation.
 */
import type { GruNode, LstmNode, MinGruNode, MinLstmNode, RnnNode } from '../../src/graph/definition.ts';
import { clip as clipOf } from './activations.ts';
import {
  activate,
  add,
  affine,
  concat,
  map,
  matvec,
  mul,
  reciprocal,
  slice,
  standardize,
  type Value,
  zeros,
} from './autodiff.ts';

export type RecurrentNode = RnnNode | LstmNode | GruNode | MinGruNode | MinLstmNode;

/** By name: `h`, and `c` of an LSTM. */
export type CellState = Readonly<Record<string, Value>>;

export interface CellStep {
  /** What the node gives is `h`. */
  readonly state: CellState;
  /** After their activations, in PyTorch's order. */
  readonly gates: Value;
}

export interface Cell {
  /** What a sequence begins with. */
  readonly initial: CellState;
  step(x: Value, state: CellState): CellStep;
}

/** The tensor of a role of a cell, and nothing where the node names none. */
export type Roles = (role: string) => Value | undefined;

export function cellOf(node: RecurrentNode, roles: Roles): Cell {
  switch (node.type) {
    case 'rnn':
      return rnnCell(node, roles);
    case 'lstm':
      return lstmCell(node, roles);
    case 'gru':
      return gruCell(node, roles);
    case 'mingru':
      return minGruCell(node, roles);
    case 'minlstm':
      return minLstmCell(node, roles);
  }
}

/** h' = f(W x + U h + b) */
function rnnCell(node: RnnNode, roles: Roles): Cell {
  const [W, U] = [required(roles, 'weight_ih'), required(roles, 'weight_hh')];
  return {
    initial: { h: roles('h0') ?? zeros(U.shape[1]!) },
    step(x, { h }) {
      const next = activate(
        withBias(add(matvec(W, x), matvec(U, h!)), roles('bias_ih'), roles('bias_hh')),
        node.nonlinearity,
      );
      return { state: { h: next }, gates: next };
    },
  };
}

/**
 *   a  = norm_ih(W x) + norm_hh(U h) + b     in blocks i, f, g, o; without i where the gates are coupled
 *   i  = σ(clip(a_i + p_i c))     or 1 - f
 *   f  = σ(clip(a_f + p_f c))
 *   g  = τ(clip(a_g))
 *   c' = cellClip(f c + i g)
 *   o  = σ(clip(a_o + p_o c'))
 *   h' = o φ(norm_c(c'))     and W_hr times that, where h is projected
 */
function lstmCell(node: LstmNode, roles: Roles): Cell {
  const { gateActivation = 'sigmoid', candidateActivation = 'tanh', outputActivation = 'tanh' } = node;
  const { coupled = false, cellClip, gateClip, epsilon = 1e-5 } = node;
  const [W, U, projection] = [required(roles, 'weight_ih'), required(roles, 'weight_hh'), roles('weight_hr')];
  const blocks = coupled ? 'fgo' : 'ifgo';
  const hidden = W.shape[0]! / blocks.length;
  const peepholes = roles('peephole');
  const norm = (x: Value, name: string) =>
    layerNorm(x, roles(`norm_${name}_weight`), roles(`norm_${name}_bias`), epsilon);
  return {
    initial: { h: roles('h0') ?? zeros(U.shape[1]!), c: roles('c0') ?? zeros(hidden) },
    step(x, { h, c }) {
      const products = add(norm(matvec(W, x), 'ih'), norm(matvec(U, h!), 'hh'));
      const a = withBias(products, roles('bias_ih'), roles('bias_hh'));
      const gate = (name: 'i' | 'f' | 'o', seen: Value) => {
        const block = slice(a, blocks.indexOf(name) * hidden, hidden);
        const peephole = peepholes && slice(peepholes, 'ifo'.indexOf(name) * hidden, hidden);
        return activate(clip(peephole ? add(block, mul(peephole, seen)) : block, gateClip), gateActivation);
      };
      const f = gate('f', c!);
      const i = coupled ? affine(f, -1, 1) : gate('i', c!);
      const g = activate(clip(slice(a, blocks.indexOf('g') * hidden, hidden), gateClip), candidateActivation);
      const next = clip(add(mul(f, c!), mul(i, g)), cellClip);
      const o = gate('o', next);
      const whole = mul(o, activate(norm(next, 'c'), outputActivation));
      return {
        state: { h: projection ? matvec(projection, whole) : whole, c: next },
        gates: coupled ? concat(f, g, o) : concat(i, f, g, o),
      };
    },
  };
}

/**
 *   r  = σ(clip(W_r x + U_r h + b_r))
 *   z  = σ(clip(W_z x + U_z h + b_z))
 *   n  = τ(clip(W_n x + b_ih_n + r (U_n h + b_hh_n)))     reset after: PyTorch, cuDNN
 *   n  = τ(clip(W_n x + b_ih_n + U_n (r h) + b_hh_n))     reset before: the original
 *   h' = (1 - z) n + z h
 */
function gruCell(node: GruNode, roles: Roles): Cell {
  const { gateActivation = 'sigmoid', candidateActivation = 'tanh', gateClip, resetAfter } = node;
  const [W, U] = [required(roles, 'weight_ih'), required(roles, 'weight_hh')];
  const hidden = U.shape[1]!;
  const block = (x: Value, gate: number) => slice(x, gate * hidden, hidden);
  const candidateMatrix = slice(U, 2 * hidden * hidden, hidden * hidden);
  return {
    initial: { h: roles('h0') ?? zeros(hidden) },
    step(x, { h }) {
      const fromInput = withBias(matvec(W, x), roles('bias_ih'));
      const fromState = withBias(matvec(U, h!), roles('bias_hh'));
      const gate = (n: number) =>
        activate(clip(add(block(fromInput, n), block(fromState, n)), gateClip), gateActivation);
      const [r, z] = [gate(0), gate(1)];
      const bias = roles('bias_hh');
      const recurrent = resetAfter
        ? mul(r, block(fromState, 2))
        : withBias(matvec(candidateMatrix, mul(r, h!)), bias && block(bias, 2));
      const n = activate(clip(add(block(fromInput, 2), recurrent), gateClip), candidateActivation);
      const next = add(mul(affine(z, -1, 1), n), mul(z, h!));
      return { state: { h: next }, gates: concat(r, z, n) };
    },
  };
}

/** h' = (1 - z) h + z n, z = sigmoid(W_z x + b_z), n = τ(W_n x + b_n) */
function minGruCell(node: MinGruNode, roles: Roles): Cell {
  const W = required(roles, 'weight_ih');
  const hidden = W.shape[0]! / 2;
  return {
    initial: { h: roles('h0') ?? zeros(hidden) },
    step(x, { h }) {
      const a = withBias(matvec(W, x), roles('bias_ih'));
      const z = activate(slice(a, 0, hidden), 'sigmoid');
      const n = activate(slice(a, hidden, hidden), node.candidateActivation);
      return { state: { h: add(mul(affine(z, -1, 1), h!), mul(z, n)) }, gates: concat(z, n) };
    },
  };
}

/** h' = f' h + i' n, f' = f / (f + i), i' = i / (f + i), f and i = sigmoid(W x + b), n = τ(W_n x + b_n) */
function minLstmCell(node: MinLstmNode, roles: Roles): Cell {
  const W = required(roles, 'weight_ih');
  const hidden = W.shape[0]! / 3;
  return {
    initial: { h: roles('h0') ?? zeros(hidden) },
    step(x, { h }) {
      const a = withBias(matvec(W, x), roles('bias_ih'));
      const [f, i] = [0, 1].map((gate) => activate(slice(a, gate * hidden, hidden), 'sigmoid')) as [
        Value,
        Value,
      ];
      const n = activate(slice(a, 2 * hidden, hidden), node.candidateActivation);
      const share = reciprocal(add(f, i));
      const next = add(mul(mul(f, share), h!), mul(mul(i, share), n));
      return { state: { h: next }, gates: concat(f, i, n) };
    },
  };
}

/** weight (x - mean x) / √(variance x + epsilon) + bias; x itself where there is neither. */
function layerNorm(x: Value, weight: Value | undefined, bias: Value | undefined, epsilon: number): Value {
  if (!weight && !bias) return x;
  const standard = standardize(x, epsilon);
  return withBias(weight ? mul(standard, weight) : standard, bias);
}

function withBias(x: Value, ...biases: readonly (Value | undefined)[]): Value {
  return add(x, ...biases.filter((bias) => bias !== undefined));
}

function clip(x: Value, bound: number | undefined): Value {
  if (bound === undefined) return x;
  const { value, slope } = clipOf(-bound, bound);
  return map(x, value, slope);
}

function required(roles: Roles, role: string): Value {
  const value = roles(role);
  if (!value) throw new Error(`a cell needs the tensor ${role}`);
  return value;
}
