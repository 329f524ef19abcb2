// The training module: inference, and what changes the parameters. Addresses are bytes in the exported memory.

export * from './infer';
export { trainerBytes, trainerFresh, trainerInit, trainerReset, trainerResetRow } from './train/init';
export {
  trainerFirstMoments, trainerGradients, trainerNorm, trainerSecondMoments, trainerSession, trainerTargets, trainerWeights,
} from './train/trainer';
export { backpropagate } from './train/window';
export { lossSum, refusedTargetColumn, refusedTargetRow, weightSum } from './train/loss/loss';
export { addSegment, updateAdam, updateSgd } from './train/update';
export { setDropout } from './train/dropout';
export { unpackF32 } from './kernels/pack/unpack';
export { meanSquaredBackward } from './train/loss/mean-squared';
