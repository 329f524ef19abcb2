/**
 * A model before it is laid out: named tensors and the graph that uses them. This is what a file holds, what an
 * importer makes and what a quantizer changes.
 *
 * A graph runs once a timestep. Nodes stand in an order in which every node comes after what it reads.
 */

export type DType = 'F32' | 'I8';

/** `shape` in PyTorch's order, rows first; `data` is dense and row-major. */
export type Tensor =
  | { readonly dtype: 'F32'; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: 'I8'; readonly shape: readonly number[]; readonly data: Int8Array };

/** `features`: a vector of `size` float32 each timestep. `tokens`: an integer below `size` each timestep. */
export interface GraphInput {
  readonly name: string;
  readonly kind: 'features' | 'tokens';
  readonly size: number;
}

/** A named output: the value of the node `from`, a vector of its size. */
export interface GraphOutput {
  readonly name: string;
  readonly from: string;
}

export type Activation = 'sigmoid' | 'tanh' | 'relu' | 'softmax';

interface NodeBase {
  readonly name: string;
  /** The name of the input or the node that this one reads. */
  readonly input: string;
}

/**
 * Nodes name their tensors by role; the names are those of the file. A matrix may be int8: then a tensor
 * `<name>.scale`, one float32 per row, stands beside it.
 */
export interface EmbeddingNode extends NodeBase {
  readonly type: 'embedding';
  /** weight: [vocabulary, size] */
  readonly tensors: { readonly weight: string };
}

export interface DenseNode extends NodeBase {
  readonly type: 'dense';
  /** weight: [units, inputs], bias: [units] */
  readonly tensors: { readonly weight: string; readonly bias?: string };
  readonly activation?: Activation;
}

/** weight_ih: [gates*hidden, inputs], weight_hh: [gates*hidden, hidden], biases: [gates*hidden] */
export interface RecurrentTensors {
  readonly weight_ih: string;
  readonly weight_hh: string;
  readonly bias_ih?: string;
  readonly bias_hh?: string;
}

export interface RnnNode extends NodeBase {
  readonly type: 'rnn';
  readonly tensors: RecurrentTensors;
  readonly nonlinearity: 'tanh' | 'relu';
}

/** Rows of the matrices in PyTorch's gate order i, f, g, o. */
export interface LstmNode extends NodeBase {
  readonly type: 'lstm';
  readonly tensors: RecurrentTensors;
}

/**
 * Rows of the matrices in PyTorch's gate order r, z, n. `resetAfter` true is PyTorch's and cuDNN's form:
 * n = tanh(W x + b_ih + r * (U h + b_hh)); false is the original one: n = tanh(W x + b_ih + U (r * h) + b_hh).
 */
export interface GruNode extends NodeBase {
  readonly type: 'gru';
  readonly tensors: RecurrentTensors;
  readonly resetAfter: boolean;
}

export interface ActivationNode extends NodeBase {
  readonly type: 'activation';
  readonly activation: Activation;
}

export type GraphNode = EmbeddingNode | DenseNode | RnnNode | LstmNode | GruNode | ActivationNode;
export type NodeType = GraphNode['type'];

export interface Graph {
  readonly inputs: readonly GraphInput[];
  readonly outputs: readonly GraphOutput[];
  readonly nodes: readonly GraphNode[];
}

/** The characters of a vocabulary in the order of their tokens. */
export interface TokenizerDefinition {
  readonly type: 'characters';
  readonly vocabulary: readonly string[];
  /** Characters outside the vocabulary that are read as others, e.g. a typographic quote as a plain one. */
  readonly replacements?: Readonly<Record<string, string>>;
}

export interface ModelDefinition {
  readonly graph: Graph;
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly tokenizer?: TokenizerDefinition;
  /** What else the file says of itself, e.g. `training`: strings, JSON where structured. */
  readonly metadata?: Readonly<Record<string, string>>;
}
