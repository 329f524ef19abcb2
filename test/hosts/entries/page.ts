// A page's script: takes the module and the cases from its server and posts the result there.
import * as rivulet from '../../../src/index.ts';
import { type StreamResult, streamCases } from '../stream.ts';

async function stream(): Promise<StreamResult> {
  requirePolicy();
  const wasm = await WebAssembly.compileStreaming(fetch('module.wasm'));
  return streamCases(rivulet, wasm, navigator.userAgent, await (await fetch('cases.json')).json());
}

/** The page's policy must be in force, or passing under it says nothing. */
function requirePolicy(): void {
  let allowed = true;
  try {
    // biome-ignore lint/security/noGlobalEval: it is here to be refused
    globalThis.eval('0');
  } catch {
    allowed = false;
  }
  if (allowed) throw new Error('the page may eval: its Content-Security-Policy is not in force');
}

const answer = await stream().catch((error: unknown) => ({ error: String(error) }));
await fetch('result', { method: 'POST', body: JSON.stringify(answer) });
