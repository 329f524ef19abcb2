/** What every importer takes and gives. A format is a folder or a file beside this one, and a line of importers.ts. */
import type { ModelDefinition } from '../graph/definition.ts';

export type Format = 'onnx' | 'pytorch' | 'keras-h5' | 'keras' | 'tfjs' | 'tflite' | 'nam' | 'rnnoise';

/** One file of a format; a model in several files has several. Its name is a label, never a path that is followed. */
export interface SourceFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface ConvertOptions {
  /** The format, where its content and its name do not tell. */
  readonly from?: Format;
  /** ONNX: pairs of a state's input and output, `{ h0: 'hn' }`, that become state of a session. */
  readonly state?: Readonly<Record<string, string>>;
  /** ONNX: the axis of its first input that is time, from 0, or `none` where a call is one timestep; else the file tells. */
  readonly time?: number | 'none';
  /** Leave out weights that nothing uses, and report them; they are an error else. */
  readonly allowUnused?: boolean;
  /** Keras, TF.js: take masks out (Masking, `mask_zero`), and note it: right for input without padding. They are refused else. */
  readonly ignoreMasks?: boolean;
  /** JSON text, where a format needs one: the fields of a PyTorchConfig. */
  readonly config?: string;
}

export interface ConversionReport {
  readonly format: Format;
  /** A line for each node of ours: what it was in the file. */
  readonly nodes: readonly string[];
  /** What was computed at import. */
  readonly folded: readonly string[];
  readonly parametersFound: number;
  readonly parametersUsed: number;
  /** Names of weights that nothing uses. */
  readonly unused: readonly string[];
  readonly notes: readonly string[];
}

export interface Conversion {
  readonly definition: ModelDefinition;
  readonly report: ConversionReport;
}

export interface Importer {
  readonly format: Format;
  /** Looks at content first, at names where content does not tell; reads little and throws nothing. */
  recognizes(files: readonly SourceFile[]): boolean;
  /** @throws RivuletError */
  read(files: readonly SourceFile[], options: ConvertOptions): Conversion;
}
