import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as rivulet from '../../src/index.ts';
import { bundleEntry } from './bundle.ts';
import { type Host, streamCase, wasmUrl } from './host.ts';
import { streamCases } from './stream.ts';

/** The Node that runs the tests. */
export const thisNode: Host = {
  name: 'this Node',
  engine: /^Node v\d+/,
  trains: true,
  missing: () => undefined,
  open: async () => ({
    stream: (module, cases) =>
      streamCases(
        rivulet,
        new WebAssembly.Module(readFileSync(wasmUrl(module))),
        `Node ${process.version}`,
        cases.map(streamCase),
      ),
    close: async () => {},
  }),
};

const NODE_24 = fileURLToPath(new URL('../../tools/engines/node_modules/node-24/bin/node', import.meta.url));

export const node24: Host = {
  name: 'Node 24',
  engine: /^Node v24\./,
  trains: true,
  missing: () => (existsSync(NODE_24) ? undefined : 'no Node 24: run `npm ci` in tools/engines (linux-x64)'),
  async open() {
    const folder = mkdtempSync(join(tmpdir(), 'rivulet-node-'));
    const script = join(folder, 'node.mjs');
    const casesFile = join(folder, 'cases.json');
    writeFileSync(script, await bundleEntry('node'));
    return {
      async stream(module, cases) {
        writeFileSync(casesFile, JSON.stringify(cases.map(streamCase)));
        return JSON.parse(
          execFileSync(NODE_24, [script, fileURLToPath(wasmUrl(module)), casesFile], { encoding: 'utf8' }),
        );
      },
      close: async () => rmSync(folder, { recursive: true }),
    };
  },
};
