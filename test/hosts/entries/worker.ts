// A Worker whose modules come from `.wasm` imports: answers a POST of cases to /scalar or /simd with the result.
import * as rivulet from '../../../src/index.ts';
import { type StreamCase, streamCases } from '../stream.ts';
import scalar from './infer.scalar.wasm';
import simd from './infer.simd.wasm';

// In the global scope, where nothing asynchronous can be awaited.
const runtimes = { scalar: rivulet.createRuntimeSync(scalar), simd: rivulet.createRuntimeSync(simd) };

export default {
  async fetch(request: Request): Promise<Response> {
    const build = new URL(request.url).pathname === '/scalar' ? 'scalar' : 'simd';
    if (runtimes[build].build !== build)
      return new Response('the global scope has another build', { status: 500 });
    const cases = (await request.json()) as StreamCase[];
    return Response.json(
      await streamCases(rivulet, build === 'scalar' ? scalar : simd, navigator.userAgent, cases),
    );
  },
};
