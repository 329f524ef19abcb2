// `node node.mjs WASM CASES`: streams the cases of a JSON file and prints the result, in whatever Node runs it.
import { readFileSync } from 'node:fs';
import * as rivulet from '../../../src/index.ts';
import { streamCases } from '../stream.ts';

const [wasm, cases] = process.argv.slice(2) as [string, string];
const result = await streamCases(
  rivulet,
  new WebAssembly.Module(readFileSync(wasm)),
  `Node ${process.version}`,
  JSON.parse(readFileSync(cases, 'utf8')),
);
console.log(JSON.stringify(result));
