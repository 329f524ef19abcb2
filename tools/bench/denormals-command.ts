import type { Runtime } from '../../src/index.ts';
import {
  DENORMAL_BAR,
  DENORMAL_CELLS,
  type DenormalResult,
  measureDenormals,
  passesDenormals,
} from './denormals.ts';
import { benchRuntime } from './rivulet.ts';
import { runtimeWithoutFlush } from './without-flush.ts';

/** `npm run bench -- denormals`: the build passes, and a build without the flush does not. Gives the exit code. */
export async function denormalsCommand({ json }: { json: boolean }): Promise<number> {
  const say = json ? console.error : console.log;
  say(`median µs of a step: noise, then silence; at most ${DENORMAL_BAR} × and no denormal states`);
  const withFlush = await measureAll(await benchRuntime(), 'with the flush', say);
  const withoutFlush = await measureAll(await runtimeWithoutFlush(), 'without it', say);
  if (json) console.log(JSON.stringify({ withFlush, withoutFlush }, null, 2));
  const broken = withFlush.filter((result) => !passesDenormals(result));
  const blind = withoutFlush.filter(passesDenormals);
  for (const { cell } of broken) console.error(`${cell}: silence costs more than noise`);
  for (const { cell } of blind)
    console.error(`${cell}: the check passes without the flush: it shows nothing`);
  return broken.length + blind.length > 0 ? 1 : 0;
}

async function measureAll(
  runtime: Runtime,
  build: string,
  say: (text: string) => void,
): Promise<DenormalResult[]> {
  const results: DenormalResult[] = [];
  for (const cell of DENORMAL_CELLS) {
    const result = await measureDenormals(runtime, cell);
    const { noise, silence, ratio, denormals } = result;
    const times = `${noise.toFixed(2)}, ${silence.toFixed(2)} (${ratio.toFixed(3)} ×)`;
    say(`${build.padEnd(16)}${cell.padEnd(11)}${times.padEnd(28)}${denormals} denormal values in the state`);
    results.push(result);
  }
  return results;
}
