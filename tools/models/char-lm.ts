/**
 * Measures models/char-lm anew and writes golden.json and the card (README.md). Run from the root of the repository:
 *
 *     node tools/build/run.mjs tools/models/char-lm.ts
 *
 * tools/train/char-lm.ts makes the model, and does this at its end.
 */
import { describeCharLm } from './char-lm/describe.ts';

await describeCharLm();
