import { type Model, RivuletError } from '../../../src/index.ts';
import { onlyInput, type Timestep, type TimestepReader } from './reader.ts';

/** Little-endian float32 without any header: [timesteps, features]. */
export function f32Reader(model: Model): TimestepReader {
  const { kind, size } = onlyInput(model, 'f32');
  if (kind === 'tokens') {
    throw new RivuletError(
      'invalid-argument',
      'format f32 is for features, and this model takes tokens: use --format csv, jsonl or text',
    );
  }
  const values = new Float32Array(size);
  const view = new DataView(new ArrayBuffer(4 * size));
  const timestepBytes = new Uint8Array(view.buffer);
  let filled = 0;
  let timestep = 0;

  function take(): Timestep {
    for (let i = 0; i < size; i++) values[i] = view.getFloat32(4 * i, true);
    const number = ++timestep;
    filled = 0;
    return { input: values, place: () => `timestep ${number}` };
  }

  return {
    *push(chunk) {
      for (let at = 0; at < chunk.length; ) {
        const part = chunk.subarray(at, at + timestepBytes.length - filled);
        timestepBytes.set(part, filled);
        filled += part.length;
        at += part.length;
        if (filled === timestepBytes.length) yield take();
      }
    },
    end() {
      if (filled === 0) return [];
      throw new RivuletError(
        'invalid-file',
        `timestep ${timestep + 1}: expected ${timestepBytes.length} bytes, the input ends after ${filled}`,
      );
    },
  };
}
