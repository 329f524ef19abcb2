// From op code to function: a new op is one file and one line here, one in validate.ts and one in shared/codes.ts.

import { gruAfter, gruBefore, gruReset } from '../cells/gru';
import { lstm } from '../cells/lstm';
import { rnnRelu, rnnTanh } from '../cells/rnn';
import { reluOp, sigmoidOp, softmaxOp, tanhOp } from '../kernels/activation/op';
import { embeddingOp } from '../kernels/embedding/op';
import { matvecF32Op, matvecInt8Op } from '../kernels/matvec/op';
import { OpCode } from '../shared/codes';

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
    default: return 0;
  }
}
