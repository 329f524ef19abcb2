// What callers of a session's methods hand over.

/** A timestep's input: a token or a vector of features; of a batch, tokens [batch] or features [batch, features]. */
export type StepInput = number | Uint32Array | Float32Array;

/** A whole sequence: features [timesteps, batch, features], or tokens [timesteps, batch]. */
export type Sequence = Float32Array | Uint32Array | readonly number[];

export interface RowOptions {
  /** The stream of a batch: 0 … batchSize - 1. */
  row?: number;
}

export interface RestoreOptions extends RowOptions {
  /** Accept the state of a model of the same shape with other weights, e.g. before a fine-tuning. */
  allowOtherWeights?: boolean;
}

export interface SequenceOptions {
  /** How many; by default what the sequence holds. */
  timesteps?: number;
  /**
   * Of each row of a batch, 1 … timesteps: beyond it the row's state stays as it is and its outputs are 0. What the
   * sequence holds there is not used, but must be finite, or tokens of the vocabulary.
   */
  lengths?: Uint32Array | readonly number[];
}

export interface RunOptions extends SequenceOptions {
  /** All timesteps' outputs (default), or each row's last one only. */
  returnSequences?: boolean;
  /** Where the outputs go; its beginning is returned. */
  out?: Float32Array;
}
