/**
 * A model before it is laid out: named tensors and the graph that uses them. This is what a file holds, what an
 * importer makes and what a quantizer changes.
 *
 * A graph runs once a timestep. Nodes stand in an order in which every node comes after what it reads. A graph may have
 * an encoder, which runs over a whole sequence first; its values reach the graph as memory of an attention and as the
 * initial states of recurrent nodes.
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

export type ActivationName =
  | 'sigmoid'
  | 'tanh'
  | 'relu'
  | 'softmax'
  | 'hard-sigmoid'
  | 'leaky-relu'
  | 'elu'
  | 'softsign'
  | 'clip'
  | 'sqrt'
  | 'log-softmax';

/**
 * `hard-sigmoid`: max(0, min(1, alpha x + beta)), by default .2 and .5 (Keras 2 and ONNX; PyTorch and Keras 3 have 1/6).
 * `leaky-relu`: x, or alpha x below 0, by default .01. `elu`: x, or alpha (exp x - 1) below 0, by default 1.
 * `clip`: between low and high, by default -1 and 1. `sqrt` of a value below 0 is NaN.
 */
export type Activation =
  | ActivationName
  | { readonly type: 'hard-sigmoid'; readonly alpha: number; readonly beta: number }
  | { readonly type: 'leaky-relu' | 'elu'; readonly alpha: number }
  | { readonly type: 'clip'; readonly low: number; readonly high: number };

/** An activation within a cell, elementwise; `identity` for none. */
export type GateActivation = Exclude<Activation, 'softmax' | 'log-softmax' | 'sqrt'> | 'identity';

interface NamedNode {
  readonly name: string;
}

interface NodeBase extends NamedNode {
  /** The name of the input or the node that this one reads. */
  readonly input: string;
}

interface MergingNode extends NamedNode {
  /** The names of the inputs or nodes that this one reads, at least two. */
  readonly inputs: readonly string[];
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

/**
 * weight_ih: [gates*hidden, inputs], weight_hh: [gates*hidden, hidden], biases: [gates*hidden]. h0: [hidden], what the
 * hidden state begins with; zeros without it. Those of the backward half of a node with direction `both` have the same
 * roles with `_reverse` behind them.
 */
export interface RecurrentTensors {
  readonly weight_ih: string;
  readonly weight_hh: string;
  readonly bias_ih?: string;
  readonly bias_hh?: string;
  readonly h0?: string;
}

/** The tensors of a node, and with direction `both` those of its backward half. */
export type WithReverse<T> = T & { readonly [R in keyof T as `${R & string}_reverse`]?: T[R] };

/** How a recurrent node goes through time. A node that goes backward needs the whole sequence: `run` takes it. */
export interface RecurrentNode extends NodeBase {
  /** `forward` by default. */
  readonly direction?: 'forward' | 'backward' | 'both';
  /** What becomes of the two halves' outputs of direction `both`; `concat`, forward first, by default. */
  readonly merge?: 'concat' | 'sum' | 'mul' | 'average';
  /**
   * In a model with an encoder: states of this node (`h`, `c`, `reverse.h` …) that begin with what the encoder's
   * sequence ends with: a state of the encoder (`encoder.h`) or the value of one of its nodes at the last timestep.
   */
  readonly initial?: Readonly<Record<string, string>>;
}

export interface RnnNode extends RecurrentNode {
  readonly type: 'rnn';
  readonly tensors: WithReverse<RecurrentTensors>;
  readonly nonlinearity: GateActivation;
}

/**
 * c0: [hidden], what the cell state begins with. peephole: [3*hidden], the weights of c in i, f, o (i is not read where
 * the gates are coupled). weight_hr: [projected, hidden]: then h, what the node gives and weight_hh reads, has
 * `projected` values. norm_*: scale and shift of the layer norms of W_ih x and W_hh h, [gates*hidden], each over all
 * gates, and of the one of c where the output reads it, [hidden] (Ba et al. 2016).
 */
export interface LstmTensors extends RecurrentTensors {
  readonly c0?: string;
  readonly peephole?: string;
  readonly weight_hr?: string;
  readonly norm_ih_weight?: string;
  readonly norm_ih_bias?: string;
  readonly norm_hh_weight?: string;
  readonly norm_hh_bias?: string;
  readonly norm_c_weight?: string;
  readonly norm_c_bias?: string;
}

/** Rows of the matrices in PyTorch's gate order i, f, g, o; without i where the gates are coupled. */
export interface LstmNode extends RecurrentNode {
  readonly type: 'lstm';
  readonly tensors: WithReverse<LstmTensors>;
  /** Of i, f and o; `sigmoid` by default. */
  readonly gateActivation?: GateActivation;
  /** Of g; `tanh` by default. */
  readonly candidateActivation?: GateActivation;
  /** Of c on its way into h; `tanh` by default. */
  readonly outputActivation?: GateActivation;
  /** i = 1 - f: the matrices have three blocks, f, g, o. */
  readonly coupled?: boolean;
  /** The cell state stays between -cellClip and cellClip. */
  readonly cellClip?: number;
  /** What the activations read stays between -gateClip and gateClip (ONNX's `clip`). */
  readonly gateClip?: number;
  /** Of the layer norms; 1e-5 by default. */
  readonly epsilon?: number;
}

/**
 * Rows of the matrices in PyTorch's gate order r, z, n. `resetAfter` true is PyTorch's and cuDNN's form:
 * n = tanh(W x + b_ih + r * (U h + b_hh)); false is the original one: n = tanh(W x + b_ih + U (r * h) + b_hh).
 */
export interface GruNode extends RecurrentNode {
  readonly type: 'gru';
  readonly tensors: WithReverse<RecurrentTensors>;
  readonly resetAfter: boolean;
  /** Of r and z; `sigmoid` by default. */
  readonly gateActivation?: GateActivation;
  /** Of n; `tanh` by default. */
  readonly candidateActivation?: GateActivation;
  readonly gateClip?: number;
}

/** weight_ih: [gates*hidden, inputs], bias_ih: [gates*hidden], h0: [hidden]. */
export interface MinimalTensors {
  readonly weight_ih: string;
  readonly bias_ih?: string;
  readonly h0?: string;
}

/**
 * minGRU (Feng et al., "Were RNNs All We Needed?", 2024): rows z, n; h ← (1 - z) h + z n with z = σ(W_z x + b_z) and
 * n = activation(W_n x + b_n).
 */
export interface MinGruNode extends RecurrentNode {
  readonly type: 'mingru';
  readonly tensors: WithReverse<MinimalTensors>;
  /** Of n; `identity` by default. */
  readonly candidateActivation?: GateActivation;
}

/** minLSTM (ibid.): rows f, i, n; h ← f' h + i' n with f' = f / (f + i), i' = i / (f + i). */
export interface MinLstmNode extends RecurrentNode {
  readonly type: 'minlstm';
  readonly tensors: WithReverse<MinimalTensors>;
  /** Of n; `identity` by default. */
  readonly candidateActivation?: GateActivation;
}

export interface ActivationNode extends NodeBase {
  readonly type: 'activation';
  readonly activation: Activation;
}

/** The sum of values of one size. */
export interface AddNode extends MergingNode {
  readonly type: 'add';
}

/** The first value minus the second, of one size. */
export interface SubNode extends MergingNode {
  readonly type: 'sub';
}

/** The elementwise product of values of one size. */
export interface MulNode extends MergingNode {
  readonly type: 'mul';
}

/** The first value divided by the second, element by element, of one size. */
export interface DivNode extends MergingNode {
  readonly type: 'div';
}

/** weight * x + bias, element by element. weight, bias: [size]; 1 and 0 where they are not there. */
export interface AffineNode extends NodeBase {
  readonly type: 'affine';
  readonly tensors: { readonly weight?: string; readonly bias?: string };
}

/** x where it is above 0, else weight * x, element by element (He et al. 2015). weight: [size] */
export interface PReluNode extends NodeBase {
  readonly type: 'prelu';
  readonly tensors: { readonly weight: string };
}

/**
 * What is left of x when it is an integer for a while: (q - zeroPoint) scale of q = round(x / scale) + zeroPoint, halves to
 * even, limited to low … high. Of one scale for all values, as ONNX's QuantizeLinear and DequantizeLinear behind it; training
 * passes the gradient straight through where q was within the limits.
 */
export interface QuantizeNode extends NodeBase {
  readonly type: 'quantize';
  /** 1e-30 … 1e30, a float32. */
  readonly scale: number;
  /** An integer, low … high. */
  readonly zeroPoint: number;
  /** Integers, -32768 … 65535. */
  readonly low: number;
  readonly high: number;
}

/** Values one behind the other. */
export interface ConcatNode extends MergingNode {
  readonly type: 'concat';
}

/** Values start … start + size - 1. */
export interface SliceNode extends NodeBase {
  readonly type: 'slice';
  readonly start: number;
  readonly size: number;
}

/** In training each value is dropped with probability `rate`, the others grow by 1 / (1 - rate); else the value itself. */
export interface DropoutNode extends NodeBase {
  readonly type: 'dropout';
  /** 0 … 0.9 */
  readonly rate: number;
}

/** Over all values of a timestep (Ba et al. 2016). weight, bias: [size] */
export interface LayerNormNode extends NodeBase {
  readonly type: 'layernorm';
  readonly tensors: { readonly weight?: string; readonly bias?: string };
  /** 1e-5 by default. */
  readonly epsilon?: number;
}

/**
 * Batch normalisation with the statistics of its training, folded into one product and one sum; training leaves it as it
 * is. All [channels]: a value of n * channels is normalised channel by channel, in the order of `layout`.
 */
export interface BatchNormNode extends NodeBase {
  readonly type: 'batchnorm';
  readonly tensors: {
    readonly weight?: string;
    readonly bias?: string;
    readonly running_mean: string;
    readonly running_var: string;
  };
  readonly layout?: FrameLayout;
  readonly epsilon?: number;
}

/** How a value holds its frame: `channels-last` [width][channels] (the default), or `channels-first` [channels][width]. */
export type FrameLayout = 'channels-last' | 'channels-first';

/**
 * Causal convolution over time. weight: [units, channels, kernel] as PyTorch's Conv1d. A timestep brings
 * frames = inputs / channels vectors, the oldest first, and gives frames / stride: output number j of a timestep sees the
 * vectors up to number j * stride + stride - 1 of it, `kernel` of them, `dilation` apart. Before the first there are zeros.
 */
export interface ConvolutionNode extends NodeBase {
  readonly type: 'convolution';
  readonly tensors: { readonly weight: string; readonly bias?: string };
  /** 1 by default. */
  readonly stride?: number;
  readonly dilation?: number;
  readonly activation?: Activation;
}

/** Convolution within the frame of one timestep, PyTorch's Conv1d over its width. weight: [units, channels, kernel]. */
export interface FrameConvolutionNode extends NodeBase {
  readonly type: 'frame-convolution';
  readonly tensors: { readonly weight: string; readonly bias?: string };
  readonly stride?: number;
  readonly dilation?: number;
  /** Zeros before and behind the frame; 0 by default. */
  readonly padding?: number;
  readonly layout?: FrameLayout;
  readonly activation?: Activation;
}

/** Pooling within the frame of one timestep, PyTorch's MaxPool1d or AvgPool1d (which counts the padding) over its width. */
export interface FramePoolingNode extends NodeBase {
  readonly type: 'frame-pooling';
  readonly operation: 'max' | 'average';
  readonly channels: number;
  readonly kernel: number;
  /** The kernel by default. */
  readonly stride?: number;
  /** At most half the kernel; 0 by default. */
  readonly padding?: number;
  readonly layout?: FrameLayout;
}

/** Over all timesteps so far: the last timestep's value is that of the whole sequence. */
export interface TimePoolingNode extends NodeBase {
  readonly type: 'time-pooling';
  readonly operation: 'max' | 'sum' | 'mean';
}

/**
 * Dot attention (Luong et al. 2015) over the outputs m of a node of the encoder, of the size of the query q, what the
 * node reads: Σ a_j m_j with a = softmax(scale q·m_j).
 */
export interface AttentionNode extends NodeBase {
  readonly type: 'attention';
  /** The encoder's node. */
  readonly memory: string;
  /** 1 by default; Transformers have 1 / √size. */
  readonly scale?: number;
}

/**
 * What the node `input` gave at the timestep before: the one node that may read a node behind it, itself or one behind
 * what reads this one, so that a graph spells a cell of its own in plain nodes. initial: [size], what it gives at the first
 * timestep; zeros without it. All nodes from this one to `input` go forward through time, timestep by timestep.
 */
export interface StateNode extends NodeBase {
  readonly type: 'state';
  readonly size: number;
  readonly tensors: { readonly initial?: string };
}

export type GraphNode =
  | EmbeddingNode
  | DenseNode
  | RnnNode
  | LstmNode
  | GruNode
  | MinGruNode
  | MinLstmNode
  | ActivationNode
  | AddNode
  | SubNode
  | MulNode
  | DivNode
  | AffineNode
  | PReluNode
  | QuantizeNode
  | ConcatNode
  | SliceNode
  | DropoutNode
  | LayerNormNode
  | BatchNormNode
  | ConvolutionNode
  | FrameConvolutionNode
  | FramePoolingNode
  | TimePoolingNode
  | AttentionNode
  | StateNode;
export type NodeType = GraphNode['type'];

/** What runs once a sequence, before the first timestep of the graph around it. */
export interface Encoder {
  readonly inputs: readonly GraphInput[];
  readonly nodes: readonly GraphNode[];
}

export interface Graph {
  /** Its inputs, nodes and those of the graph share one set of names. */
  readonly encoder?: Encoder;
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
