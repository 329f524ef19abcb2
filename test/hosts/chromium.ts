import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, chromium as playwright } from 'playwright-core';
import { bundleEntry } from './bundle.ts';
import { type Host, streamCase, wasmUrl } from './host.ts';
import type { StreamResult } from './stream.ts';

const EXECUTABLE = process.env.RIVULET_CHROMIUM ?? '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-dev-shm-usage',
  '--autoplay-policy=no-user-gesture-required',
  '--mute-audio',
];
/** All that a page with Rivulet needs. */
const POLICY = "script-src 'self' 'wasm-unsafe-eval'";

export const chromium: Host = {
  name: 'Chromium',
  engine: /HeadlessChrome\/\d+/,
  trains: true,
  missing: () =>
    existsSync(EXECUTABLE) ? undefined : `no Chromium at ${EXECUTABLE}: install it, or set RIVULET_CHROMIUM`,
  async open() {
    const script = await bundleEntry('page');
    const browser = await playwright.launch({ executablePath: EXECUTABLE, args: FLAGS });
    return {
      stream: (module, cases) =>
        streamInPage(browser, {
          '/': ['text/html', '<!doctype html><script type="module" src="page.js"></script>'],
          '/page.js': ['text/javascript', script],
          '/module.wasm': ['application/wasm', readFileSync(wasmUrl(module))],
          '/cases.json': ['application/json', JSON.stringify(cases.map(streamCase))],
        }),
      close: () => browser.close(),
    };
  },
};

/** By path: the type and the body. */
type Files = Readonly<Record<string, readonly [string, string | Uint8Array]>>;

async function streamInPage(browser: Browser, files: Files): Promise<StreamResult> {
  const page = await browser.newPage();
  let server: Server | undefined;
  try {
    const answer = new Promise<string>((resolve, reject) => {
      page.on('pageerror', reject);
      server = serve(files, resolve);
    });
    await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
    await page.goto(`http://127.0.0.1:${(server!.address() as AddressInfo).port}/`);
    const result = JSON.parse(await answer);
    if ('error' in result) throw new Error(`in the page: ${result.error}`);
    return result;
  } finally {
    await page.close();
    server?.close();
  }
}

function serve(files: Files, onResult: (body: string) => void): Server {
  return createServer(async (request, response) => {
    if (request.method === 'POST') {
      onResult(await bodyOf(request));
      response.end();
      return;
    }
    const file = files[request.url ?? ''];
    response.setHeader('content-security-policy', POLICY);
    if (file) response.setHeader('content-type', file[0]).end(file[1]);
    else response.writeHead(404).end();
  });
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
