// A Worker whose modules come from `.wasm` imports: answers a POST of cases to /MODULE.BUILD with the result.
import * as rivulet from '../../../src/index.ts';
import { type StreamCase, streamCases } from '../stream.ts';
import inferScalar from './infer.scalar.wasm';
import inferSimd from './infer.simd.wasm';
import trainScalar from './train.scalar.wasm';
import trainSimd from './train.simd.wasm';

const modules = {
  'infer.scalar': inferScalar,
  'infer.simd': inferSimd,
  'train.scalar': trainScalar,
  'train.simd': trainSimd,
};

// In the global scope, where nothing asynchronous can be awaited.
const runtimes = Object.entries(modules).map(([name, module]) => ({
  name,
  module,
  runtime: rivulet.createRuntimeSync(module),
}));

function nameOf({ module, build }: { module: string; build: string }): string {
  return `${module}.${build}`;
}

export default {
  async fetch(request: Request): Promise<Response> {
    const wanted = new URL(request.url).pathname.slice(1);
    const found = runtimes.find(({ name, runtime }) => name === wanted && name === nameOf(runtime));
    if (!found) return new Response(`the global scope has no ${wanted}`, { status: 500 });
    const cases = (await request.json()) as StreamCase[];
    return Response.json(await streamCases(rivulet, found.module, navigator.userAgent, cases));
  },
};
