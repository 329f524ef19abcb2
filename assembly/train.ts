// The training module: inference, and what changes the parameters. Addresses are bytes in the exported memory.

export * from './infer';
export {
  freeze, trainerBytes, trainerFresh, trainerInit, trainerReset, trainerResetRow, trainerWindowBytes,
} from './train/init';
export {
  setMaster, trainerFirstMoments, trainerGradients, trainerNorm, trainerSecondMoments, trainerSession, trainerTargets,
  trainerWeights,
} from './train/trainer';
export { enterChunk } from './train/chunk';
export { backwardChunk, endWindow, forwardChunk, repeatChunk } from './train/window';
export { criterionBytes, criterionInit, criterionWeights, setCriterion, setRoom } from './train/loss/criterion';
export { ctcBytes } from './train/loss/ctc';
export { evaluateRows, lossSum, weightSum } from './train/loss/loss';
export { refusedTargetColumn, refusedTargetRow } from './train/loss/targets';
export { addSegment, updateAdam, updateRmsprop, updateSgd } from './train/update';
export { setDropout } from './train/dropout';
export { trainerRewind } from './train/stream';
export {
  rtrlAdvance, rtrlBegun, rtrlBytes, rtrlInit, rtrlReset, rtrlSensitivities, rtrlSensitivityBytes, rtrlSetBegun,
} from './train/rtrl';
export { unpackF32 } from './kernels/pack/unpack';
export { roundRowsInt8 } from './kernels/quantize/rows-int8';
