// For `using`: the declarations name Symbol.dispose, which a consumer's `lib` may lack.
/// <reference lib="esnext.disposable" preserve="true" />

export { Adapter } from './adapters/adapter.ts';
export { loadAdapter } from './adapters/load.ts';
export type { AdapterOptions, AdapterPlaces, AdapterRoom } from './adapters/matrices.ts';
export type { VectorLayer } from './build/apply.ts';
export {
  type ConvolutionOptions,
  convolution,
  type FrameConvolutionOptions,
  type FramePoolingOptions,
  frameConvolution,
  framePooling,
  timePooling,
} from './build/convolution.ts';
export { type AttentionOptions, add, attention, concat, div, mul, sub } from './build/merging.ts';
export { type BuildOptions, type ModelParts, model } from './build/model.ts';
export {
  activation,
  affine,
  type BatchNormOptions,
  batchNorm,
  type DenseOptions,
  dense,
  dropout,
  embedding,
  type FakeQuantizeOptions,
  fakeQuantize,
  type LayerNormOptions,
  layerNorm,
  type NameOption,
  prelu,
  slice,
  type TokensLayer,
} from './build/pointwise.ts';
export {
  type GruOptions,
  gru,
  type LstmOptions,
  lstm,
  type MinimalOptions,
  minGru,
  minLstm,
  type RecurrentOptions,
  type RnnOptions,
  rnn,
} from './build/recurrent.ts';
export { type SequentialOptions, sequential } from './build/sequential.ts';
export {
  type Ending,
  input,
  type State,
  statesOf,
  type Tokens,
  tokens,
  type Value,
  type Vector,
} from './build/value.ts';
export {
  type CtcBeamOptions,
  type CtcDecoded,
  type CtcDecodeOptions,
  ctcBeamSearch,
  ctcGreedy,
} from './decode/ctc.ts';
export { type Decoded, decode } from './decode/decode.ts';
export type { DecodeOptions } from './decode/options.ts';
export type { SamplingOptions } from './decode/sampling.ts';
export { RivuletError, type RivuletErrorCode } from './errors.ts';
export type {
  Activation,
  ActivationName,
  ActivationNode,
  AddNode,
  AffineNode,
  AttentionNode,
  BatchNormNode,
  ConcatNode,
  ConvolutionNode,
  DenseNode,
  DivNode,
  DropoutNode,
  DType,
  EmbeddingNode,
  Encoder,
  FrameConvolutionNode,
  FrameLayout,
  FramePoolingNode,
  GateActivation,
  Graph,
  GraphInput,
  GraphNode,
  GraphOutput,
  GruNode,
  LayerNormNode,
  LstmNode,
  LstmTensors,
  MinGruNode,
  MinimalTensors,
  MinLstmNode,
  ModelDefinition,
  MulNode,
  NodeType,
  PReluNode,
  QuantizeNode,
  RecurrentNode,
  RecurrentTensors,
  RnnNode,
  SliceNode,
  SubNode,
  Tensor,
  TimePoolingNode,
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
export type {
  RestoreOptions,
  RowOptions,
  RunOptions,
  Sequence,
  SequenceOptions,
  StepInput,
} from './session/options.ts';
export { quantize } from './session/quantize.ts';
export type { Session } from './session/session.ts';
export { type Evaluation, evaluateText } from './text/evaluate.ts';
export { type GenerateOptions, generateText } from './text/generate.ts';
export { createTokenizer, type Tokenizer } from './text/tokenizer.ts';
export { type CollectOptions, collect, type Reading } from './train/data/collect.ts';
export type { ColumnOptions } from './train/data/columns.ts';
export { type CsvOptions, readCsv } from './train/data/csv.ts';
export { readJsonl } from './train/data/jsonl.ts';
export type { PlainValues } from './train/data/plain.ts';
export type { Series, SeriesOptions } from './train/data/series.ts';
export { readText, type TextSource } from './train/data/source.ts';
export { type SplitOptions, split } from './train/data/split.ts';
export type { Examples, TrainingData } from './train/dataset.ts';
export { DivergedError } from './train/diverged.ts';
export type { DropoutOptions } from './train/dropout.ts';
export {
  type EpochReport,
  type FineTuneOptions,
  type FineTuneProgress,
  type FineTuneResult,
  fineTune,
} from './train/fine-tune.ts';
export {
  type GradientFlow,
  type GradientFlowOptions,
  gradientFlow,
  type StateFlow,
} from './train/gradient-flow.ts';
export { initialize, type LayerSpec, type ModelSpec } from './train/initialize.ts';
export { createLearner, type Learner } from './train/learner.ts';
export type { LearnerOptions, LearnerSettings } from './train/learner-options.ts';
export type { LossName, LossOptions, ResolvedLoss } from './train/losses/table.ts';
export { mergeAdapter } from './train/merge-adapter.ts';
export type { NormalizationOption, ScalingOption } from './train/normalization/dataset.ts';
export { normalize, type Scalings } from './train/normalization/graph.ts';
export {
  type MeasuredScaling,
  measureScaling,
  type Scaling,
  type ScalingMethod,
} from './train/normalization/scaling.ts';
export type { AdamOptions } from './train/optimizers/adam.ts';
export type { AdamWOptions } from './train/optimizers/adamw.ts';
export type { RmspropOptions } from './train/optimizers/rmsprop.ts';
export type { SgdOptions } from './train/optimizers/sgd.ts';
export type { ResolvedOptimizer } from './train/optimizers/table.ts';
export type { ResolvedOptions, TrainablePreset, TrainingOptions } from './train/options.ts';
export type { PlateauSchedule, Schedule, StepSchedule } from './train/schedule.ts';
export { type StepReport, Training } from './train/training.ts';
export type { EarlyStopping } from './train/verdicts.ts';
