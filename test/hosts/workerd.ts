import { readFileSync } from 'node:fs';
import { Miniflare } from 'miniflare';
import { bundleEntry } from './bundle.ts';
import { type Host, MODULES, streamCase, wasmUrl } from './host.ts';
import type { StreamResult } from './stream.ts';

/** Cloudflare's runtime itself, driven by miniflare. */
export const workerd: Host = {
  name: 'workerd',
  engine: /^Cloudflare-Workers$/,
  trains: true,
  missing: () => undefined,
  async open() {
    const wasm = MODULES.map((module) => ({
      type: 'CompiledWasm' as const,
      path: `${module}.wasm`,
      contents: new Uint8Array(readFileSync(wasmUrl(module))),
    }));
    const miniflare = new Miniflare({
      modules: [{ type: 'ESModule', path: 'worker.mjs', contents: await bundleEntry('worker') }, ...wasm],
      compatibilityDate: '2026-04-01',
      cf: false,
    });
    await miniflare.ready;
    return {
      async stream(module, cases) {
        const body = JSON.stringify(cases.map(streamCase));
        const response = await miniflare.dispatchFetch(`http://localhost/${module}`, {
          method: 'POST',
          body,
        });
        const text = await response.text();
        if (!response.ok) throw new Error(`the Worker answered ${response.status}: ${text}`);
        return JSON.parse(text) as StreamResult;
      },
      close: () => miniflare.dispose(),
    };
  },
};
