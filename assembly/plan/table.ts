// From op code to function: a new op is one file and one line here, one in validate.ts and one in shared/codes.ts.

import { gruAfter, gruBefore, gruReset } from '../cells/gru';
import { gruState } from '../cells/gru-state';
import { lstm } from '../cells/lstm';
import { lstmCell } from '../cells/lstm-cell';
import { minGruState } from '../cells/mingru';
import { minLstmState } from '../cells/minlstm';
import { remember } from '../cells/remember';
import { rnnRelu, rnnTanh } from '../cells/rnn';
import {
  clipOp, eluOp, hardSigmoidOp, leakyReluOp, logSoftmaxOp, reluOp, sigmoidOp, softmaxOp, softsignOp, sqrtOp, tanhOp,
} from '../kernels/activation/op';
import { convolutionF32Op, convolutionInt8Op } from '../kernels/convolution/op';
import { copyColumnsOp } from '../kernels/copy-columns/op';
import { copyStateOp } from '../kernels/copy-state/op';
import { addOp } from '../kernels/elementwise/add';
import { addScaledOp } from '../kernels/elementwise/add-scaled';
import { affineOp } from '../kernels/elementwise/affine';
import { averageOp } from '../kernels/elementwise/average';
import { divOp } from '../kernels/elementwise/div';
import { dropoutOp } from '../kernels/elementwise/dropout';
import { mulOp } from '../kernels/elementwise/mul';
import { preluOp } from '../kernels/elementwise/prelu';
import { quantizeOp } from '../kernels/elementwise/quantize';
import { subOp } from '../kernels/elementwise/sub';
import { embeddingOp } from '../kernels/embedding/op';
import { layerNormOp } from '../kernels/layer-norm/op';
import { matvecF32Op, matvecInt8Op } from '../kernels/matvec/op';
import { averagePoolOp, maxPoolOp } from '../kernels/pool/op';
import { timeMaxOp, timeMeanOp, timeSumOp } from '../kernels/time-pool/op';
import { windowOp } from '../kernels/window/op';
import { OpCode } from '../shared/codes';
import { attentionOp } from './attention';

/** Index into the function table, of a function (op record, row, rows). */
export function runnerOf(code: i32): u32 {
  switch (code) {
    case OpCode.Embedding: return embeddingOp.index;
    case OpCode.MatvecF32: return matvecF32Op.index;
    case OpCode.MatvecInt8: return matvecInt8Op.index;
    case OpCode.Sigmoid: return sigmoidOp.index;
    case OpCode.Tanh: return tanhOp.index;
    case OpCode.Relu: return reluOp.index;
    case OpCode.Softmax: return softmaxOp.index;
    case OpCode.RnnTanh: return rnnTanh.index;
    case OpCode.RnnRelu: return rnnRelu.index;
    case OpCode.Lstm: return lstm.index;
    case OpCode.GruAfter: return gruAfter.index;
    case OpCode.GruReset: return gruReset.index;
    case OpCode.GruBefore: return gruBefore.index;
    case OpCode.LstmCell: return lstmCell.index;
    case OpCode.Remember: return remember.index;
    case OpCode.GruState: return gruState.index;
    case OpCode.MinGruState: return minGruState.index;
    case OpCode.MinLstmState: return minLstmState.index;
    case OpCode.Window: return windowOp.index;
    case OpCode.ConvolutionF32: return convolutionF32Op.index;
    case OpCode.ConvolutionInt8: return convolutionInt8Op.index;
    case OpCode.MaxPool: return maxPoolOp.index;
    case OpCode.AveragePool: return averagePoolOp.index;
    case OpCode.TimeMax: return timeMaxOp.index;
    case OpCode.TimeSum: return timeSumOp.index;
    case OpCode.TimeMean: return timeMeanOp.index;
    case OpCode.HardSigmoid: return hardSigmoidOp.index;
    case OpCode.LeakyRelu: return leakyReluOp.index;
    case OpCode.Elu: return eluOp.index;
    case OpCode.Softsign: return softsignOp.index;
    case OpCode.Clip: return clipOp.index;
    case OpCode.Add: return addOp.index;
    case OpCode.Mul: return mulOp.index;
    case OpCode.Average: return averageOp.index;
    case OpCode.Affine: return affineOp.index;
    case OpCode.AddScaled: return addScaledOp.index;
    case OpCode.CopyColumns: return copyColumnsOp.index;
    case OpCode.LayerNorm: return layerNormOp.index;
    case OpCode.Dropout: return dropoutOp.index;
    case OpCode.CopyState: return copyStateOp.index;
    case OpCode.Attention: return attentionOp.index;
    case OpCode.Sub: return subOp.index;
    case OpCode.Div: return divOp.index;
    case OpCode.Sqrt: return sqrtOp.index;
    case OpCode.LogSoftmax: return logSoftmaxOp.index;
    case OpCode.PRelu: return preluOp.index;
    case OpCode.Quantize: return quantizeOp.index;
    default: return 0;
  }
}
