// From op code to the backward half: a new op is a line here too.

import { gruAfterBackward, gruBeforeBackward, gruResetBackward } from '../cells/gru';
import { gruStateBackward } from '../cells/gru-state';
import { lstmBackward } from '../cells/lstm';
import { lstmCellBackward } from '../cells/lstm-cell';
import { minGruStateBackward } from '../cells/mingru';
import { minLstmStateBackward } from '../cells/minlstm';
import { rememberBackward } from '../cells/remember';
import { rnnReluBackward, rnnTanhBackward } from '../cells/rnn';
import {
  clipBackward, eluBackward, hardSigmoidBackward, leakyReluBackward, logSoftmaxBackward, reluBackward, sigmoidBackward,
  softmaxBackward, softsignBackward, sqrtBackward, tanhBackward,
} from '../kernels/activation/backward';
import { convolutionF32Backward, convolutionF32Parameters } from '../kernels/convolution/backward';
import { copyColumnsBackward } from '../kernels/copy-columns/op';
import { copyStateBackward } from '../kernels/copy-state/backward';
import { addBackward } from '../kernels/elementwise/add';
import { addScaledBackward, addScaledParameters } from '../kernels/elementwise/add-scaled';
import { affineBackward, affineParameters } from '../kernels/elementwise/affine';
import { averageBackward } from '../kernels/elementwise/average';
import { divBackward } from '../kernels/elementwise/div';
import { mulBackward } from '../kernels/elementwise/mul';
import { preluBackward, preluParameters } from '../kernels/elementwise/prelu';
import { quantizeBackward } from '../kernels/elementwise/quantize';
import { subBackward } from '../kernels/elementwise/sub';
import { embeddingParameters } from '../kernels/embedding/backward';
import { layerNormBackward, layerNormParameters } from '../kernels/layer-norm/backward';
import { matvecF32Backward, matvecF32Parameters } from '../kernels/matvec/backward';
import { averagePoolBackward, maxPoolBackward } from '../kernels/pool/backward';
import { timeMaxBackward, timeMeanBackward, timeSumBackward } from '../kernels/time-pool/backward';
import { windowBackward } from '../kernels/window/backward';
import { OpCode } from '../shared/codes';
import { attentionBackward } from './attention';
import { dropoutNodeBackward } from './dropout';

/** Index into the function table, of a function (backward record, row, rows); 0 where nothing flows on. */
export function backwardOf(code: i32): u32 {
  switch (code) {
    case OpCode.MatvecF32: return matvecF32Backward.index;
    case OpCode.Sigmoid: return sigmoidBackward.index;
    case OpCode.Tanh: return tanhBackward.index;
    case OpCode.Relu: return reluBackward.index;
    case OpCode.Softmax: return softmaxBackward.index;
    case OpCode.RnnTanh: return rnnTanhBackward.index;
    case OpCode.RnnRelu: return rnnReluBackward.index;
    case OpCode.Lstm: return lstmBackward.index;
    case OpCode.GruAfter: return gruAfterBackward.index;
    case OpCode.GruReset: return gruResetBackward.index;
    case OpCode.GruBefore: return gruBeforeBackward.index;
    case OpCode.LstmCell: return lstmCellBackward.index;
    case OpCode.Remember: return rememberBackward.index;
    case OpCode.GruState: return gruStateBackward.index;
    case OpCode.MinGruState: return minGruStateBackward.index;
    case OpCode.MinLstmState: return minLstmStateBackward.index;
    case OpCode.Dropout: return dropoutNodeBackward.index;
    case OpCode.CopyState: return copyStateBackward.index;
    case OpCode.Window: return windowBackward.index;
    case OpCode.ConvolutionF32: return convolutionF32Backward.index;
    case OpCode.MaxPool: return maxPoolBackward.index;
    case OpCode.AveragePool: return averagePoolBackward.index;
    case OpCode.TimeMax: return timeMaxBackward.index;
    case OpCode.TimeSum: return timeSumBackward.index;
    case OpCode.TimeMean: return timeMeanBackward.index;
    case OpCode.HardSigmoid: return hardSigmoidBackward.index;
    case OpCode.LeakyRelu: return leakyReluBackward.index;
    case OpCode.Elu: return eluBackward.index;
    case OpCode.Softsign: return softsignBackward.index;
    case OpCode.Clip: return clipBackward.index;
    case OpCode.Sub: return subBackward.index;
    case OpCode.Div: return divBackward.index;
    case OpCode.Sqrt: return sqrtBackward.index;
    case OpCode.LogSoftmax: return logSoftmaxBackward.index;
    case OpCode.PRelu: return preluBackward.index;
    case OpCode.Quantize: return quantizeBackward.index;
    case OpCode.Add: return addBackward.index;
    case OpCode.Mul: return mulBackward.index;
    case OpCode.Average: return averageBackward.index;
    case OpCode.Affine: return affineBackward.index;
    case OpCode.AddScaled: return addScaledBackward.index;
    case OpCode.CopyColumns: return copyColumnsBackward.index;
    case OpCode.LayerNorm: return layerNormBackward.index;
    case OpCode.Attention: return attentionBackward.index;
    default: return 0;
  }
}

/** Index of a function (backward record, rows); 0 where an op has no parameters. */
export function parametersOf(code: i32): u32 {
  switch (code) {
    case OpCode.Embedding: return embeddingParameters.index;
    case OpCode.MatvecF32: return matvecF32Parameters.index;
    case OpCode.ConvolutionF32: return convolutionF32Parameters.index;
    case OpCode.Affine: return affineParameters.index;
    case OpCode.AddScaled: return addScaledParameters.index;
    case OpCode.LayerNorm: return layerNormParameters.index;
    case OpCode.PRelu: return preluParameters.index;
    default: return 0;
  }
}

/** Whether an op is a cell: its gates, operand a, become their own gradients. */
export function isCell(code: i32): bool {
  return code >= OpCode.RnnTanh && code <= OpCode.GruBefore;
}

/** How many states, from operand b on, have their value of this timestep when the op has run. */
export function statesWritten(code: i32): i32 {
  switch (code) {
    case OpCode.Lstm: return 2;
    case OpCode.RnnTanh:
    case OpCode.RnnRelu:
    case OpCode.GruAfter:
    case OpCode.GruBefore:
    case OpCode.LstmCell:
    case OpCode.Remember:
    case OpCode.GruState:
    case OpCode.MinGruState:
    case OpCode.MinLstmState:
    case OpCode.Window:
    case OpCode.TimeMax:
    case OpCode.TimeSum:
    case OpCode.TimeMean: return 1;
    default: return 0;
  }
}

/** Whether what an op gives is the last of the states that it writes. */
export function givesState(code: i32): bool {
  switch (code) {
    case OpCode.Window:
    case OpCode.TimeMax:
    case OpCode.TimeSum:
    case OpCode.TimeMean: return false;
    default: return statesWritten(code) > 0;
  }
}

/** The operand that an op writes, for others to read. */
export function outputOperand(code: i32): i32 {
  switch (code) {
    case OpCode.Sigmoid:
    case OpCode.Tanh:
    case OpCode.Relu:
    case OpCode.Softmax:
    case OpCode.LogSoftmax:
    case OpCode.Sqrt:
    case OpCode.HardSigmoid:
    case OpCode.LeakyRelu:
    case OpCode.Elu:
    case OpCode.Softsign:
    case OpCode.Clip:
    case OpCode.Quantize:
    case OpCode.CopyColumns:
    case OpCode.CopyState:
    case OpCode.Dropout:
    case OpCode.MaxPool:
    case OpCode.AveragePool: return 1;
    case OpCode.MatvecF32:
    case OpCode.MatvecInt8:
    case OpCode.Lstm:
    case OpCode.Affine:
    case OpCode.LayerNorm:
    case OpCode.ConvolutionF32:
    case OpCode.ConvolutionInt8: return 3;
    default: return 2;
  }
}
