// The inference module: exports only. Addresses are bytes in the exported memory.

export { allocate, free, heapStart } from './memory/arena';
export { refusedIndex, validate } from './plan/validate';
export { qmaxOf } from './plan/validate-op';
export {
  encoderStride, inputAddress, lengthsAddress, memoryLengthsAddress, outputAddress, panelStride, sessionBytes, stateAddress,
  streams,
} from './plan/session';
export { sessionAdapt, sessionInit } from './plan/init';
export { copyRow, copyState, sessionReset, sessionResetRow } from './plan/states';
export { refusedColumn, refusedInput, refusedRow } from './plan/inputs';
export { step } from './plan/step';
export { encode, sequence } from './plan/sequence';
export { packF32 } from './kernels/pack/f32';
export { panelsFromRows, rowsFromPanels } from './kernels/pack/rows';
export { clearInt8, largestRowSum, packInt8 } from './kernels/pack/int8';
export { xxh64 } from './kernels/hash/xxh64';
export { crossEntropy } from './kernels/softmax/f32';
export { log } from './kernels/log/f32';
export { argmax, sample } from './kernels/sample/sample';
export { uniform } from './kernels/random/philox';

/** 1 in the SIMD build, 0 in the scalar one. */
export const simd: i32 = i32(ASC_FEATURE_SIMD);
