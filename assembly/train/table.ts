// From op code to the backward half: a new op is a line here too.

import { gruAfterBackward, gruBeforeBackward, gruResetBackward } from '../cells/gru';
import { lstmBackward } from '../cells/lstm';
import { rnnReluBackward, rnnTanhBackward } from '../cells/rnn';
import { reluBackward, sigmoidBackward, softmaxBackward, tanhBackward } from '../kernels/activation/backward';
import { embeddingParameters } from '../kernels/embedding/backward';
import { matvecF32Backward, matvecF32Parameters } from '../kernels/matvec/backward';
import { OpCode } from '../shared/codes';

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
    default: return 0;
  }
}

/** Index of a function (backward record, rows); 0 where an op has no parameters. */
export function parametersOf(code: i32): u32 {
  switch (code) {
    case OpCode.Embedding: return embeddingParameters.index;
    case OpCode.MatvecF32: return matvecF32Parameters.index;
    default: return 0;
  }
}

/** Whether an op is a cell: its gates, operand a, become their own gradients. */
export function isCell(code: i32): bool {
  return code >= OpCode.RnnTanh && code <= OpCode.GruBefore;
}

/** How many states, from operand b on, have their value of this timestep when the op has run. */
export function statesWritten(code: i32): i32 {
  return code == OpCode.Lstm ? 2 : isCell(code) && code != OpCode.GruReset ? 1 : 0;
}
