// The kernels as exports of a module of their own, for tests and for tools/exhaustive. Addresses are bytes in `memory`.

import { exp as expScalar } from '../../assembly/kernels/exp/f32';
import { log } from '../../assembly/kernels/log/f32';

export { attendRow, attendRowBackward } from '../../assembly/kernels/attention/f32';
export { reluAll } from '../../assembly/kernels/activation/relu';
export { sigmoidAll, tanhAll } from '../../assembly/kernels/activation/tanh';
export { allFinite } from '../../assembly/kernels/finite/f32';
export { xxh64 } from '../../assembly/kernels/hash/xxh64';
export { matvecF32 } from '../../assembly/kernels/matvec/f32';
export { matvecInt8 } from '../../assembly/kernels/matvec/int8';
export { packF32 } from '../../assembly/kernels/pack/f32';
export { clearInt8, largestRowSum, packInt8 } from '../../assembly/kernels/pack/int8';
export { quantizedSum, quantizeInt16 } from '../../assembly/kernels/quantize/int16';
export { uniform } from '../../assembly/kernels/random/philox';
export { argmax, sample } from '../../assembly/kernels/sample/sample';
export { crossEntropy, expSum, softmax } from '../../assembly/kernels/softmax/f32';
export { qmaxOf } from '../../assembly/plan/validate-op';

/** y[i] = exp(x[i]) by the scalar function, which the SIMD build has for what is left over of a vector. */
export function expAll(x: usize, y: usize, bytes: usize): void {
  for (const end = x + bytes; x < end; x += 4, y += 4) store<f32>(y, expScalar(load<f32>(x)));
}

/** y[i] = log(x[i]) */
export function logAll(x: usize, y: usize, bytes: usize): void {
  for (const end = x + bytes; x < end; x += 4, y += 4) store<f32>(y, log(load<f32>(x)));
}
export { gemmF32 } from '../../assembly/kernels/gemm/f32';
export { transposeF32 } from '../../assembly/kernels/transpose/f32';
export { matvecTransposedF32 } from '../../assembly/kernels/matvec/transposed';
export { sumRows } from '../../assembly/kernels/sum/rows';
export {
  opRun, opRunBackward, opRunParameters, setGradient, setOperand, setSizes, setTape,
} from './ops';
