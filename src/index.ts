// For `using`: the declarations name Symbol.dispose, which a consumer's `lib` may lack.
/// <reference lib="esnext.disposable" preserve="true" />

export { RivuletError, type RivuletErrorCode } from './errors.ts';
export type {
  Activation,
  ActivationNode,
  DenseNode,
  DType,
  EmbeddingNode,
  Graph,
  GraphInput,
  GraphNode,
  GraphOutput,
  GruNode,
  LstmNode,
  ModelDefinition,
  NodeType,
  RecurrentTensors,
  RnnNode,
  Tensor,
  TokenizerDefinition,
} from './graph/definition.ts';
export { importPyTorch, type PyTorchConfig } from './import/pytorch.ts';
export type { Fingerprint } from './plan/place.ts';
export type { QuantizationReport, QuantizedLayer } from './quantize/report.ts';
export type { Build } from './runtime/build.ts';
export { createRuntime, createRuntimeSync, type RuntimeOptions } from './runtime/create.ts';
export type { Runtime } from './runtime/runtime.ts';
export { type LoadOptions, loadModel, loadModelSync, type ModelSource } from './session/load.ts';
export type { Layer, Model, ModelOutput, SessionOptions } from './session/model.ts';
export { quantize } from './session/quantize.ts';
export type { RestoreOptions, RowOptions, RunOptions, Session, StepInput } from './session/session.ts';
export { type Evaluation, evaluateText } from './text/evaluate.ts';
export { type GenerateOptions, generateText } from './text/generate.ts';
export { createTokenizer, type Tokenizer } from './text/tokenizer.ts';
export type { Examples, TrainingData } from './train/dataset.ts';
export { DivergedError } from './train/diverged.ts';
export {
  type EpochReport,
  type FineTuneOptions,
  type FineTuneProgress,
  type FineTuneResult,
  fineTune,
} from './train/fine-tune.ts';
export { initialize, type LayerSpec, type ModelSpec } from './train/initialize.ts';
export type {
  AdamOptions,
  ResolvedOptimizer,
  ResolvedOptions,
  SgdOptions,
  TrainingOptions,
} from './train/options.ts';
export type { Schedule } from './train/schedule.ts';
export { type StepReport, Training } from './train/training.ts';
export type { LossName } from './train/window.ts';
