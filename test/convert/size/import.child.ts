/** Imports the file that it is given, once, and tells how long that took and by how much the process grew. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { convert } from '../../../src/convert/index.ts';

const [path = '', small = ''] = process.argv.slice(2);
// What the first import compiles and makes room for is not the file's.
await convert([{ name: basename(small), bytes: readFileSync(small) }]);
const before = process.memoryUsage.rss();
const started = performance.now();
const bytes = readFileSync(path);
const { report } = await convert([{ name: basename(path), bytes }]);
const milliseconds = performance.now() - started;
// The most that it ever was, while importing too; the system counts in KB.
const grown = process.resourceUsage().maxRSS * 1024 - before;
console.log(JSON.stringify({ bytes: bytes.length, milliseconds, grown, parameters: report.parametersUsed }));
