import { readFileSync } from 'node:fs';
import { Miniflare } from 'miniflare';
import { bundleEntry } from './bundle.ts';
import { type Host, streamCase, wasmUrl } from './host.ts';
import type { StreamResult } from './stream.ts';

/** Cloudflare's runtime itself, driven by miniflare. */
export const workerd: Host = {
  name: 'workerd',
  engine: /^Cloudflare-Workers$/,
  missing: () => undefined,
  async open() {
    const wasm = (build: 'scalar' | 'simd') => ({
      type: 'CompiledWasm' as const,
      path: `infer.${build}.wasm`,
      contents: new Uint8Array(readFileSync(wasmUrl(build))),
    });
    const miniflare = new Miniflare({
      modules: [
        { type: 'ESModule', path: 'worker.mjs', contents: await bundleEntry('worker') },
        wasm('scalar'),
        wasm('simd'),
      ],
      compatibilityDate: '2026-04-01',
      cf: false,
    });
    await miniflare.ready;
    return {
      async stream(build, cases) {
        const body = JSON.stringify(cases.map(streamCase));
        const response = await miniflare.dispatchFetch(`http://localhost/${build}`, { method: 'POST', body });
        const text = await response.text();
        if (!response.ok) throw new Error(`the Worker answered ${response.status}: ${text}`);
        return JSON.parse(text) as StreamResult;
      },
      close: () => miniflare.dispose(),
    };
  },
};
