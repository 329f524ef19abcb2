/** The files of the model, from the root of the repository. */
export const FOLDER = 'models/char-lm';
export const FLOAT32 = `${FOLDER}/model.safetensors`;
export const INT8 = `${FOLDER}/model.int8.safetensors`;
export const VALIDATION = `${FOLDER}/validation.txt`;
export const CURVE = `${FOLDER}/curve.svg`;
/** TrainingTimes. */
export const TIMES = `${FOLDER}/training.json`;
