/** WAV files of one channel of 16-bit samples. */

export interface Recording {
  readonly sampleRate: number;
  /** -1 … 1 */
  readonly samples: Float32Array;
}

const HEADER = 44;
const SCALE = 32768;

export function readWav(bytes: Uint8Array): Recording {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (word(0) !== 'RIFF' || word(8) !== 'WAVE') throw new Error('this is no WAV file');
  let sampleRate = 0;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const size = view.getUint32(at + 4, true);
    if (word(at) === 'fmt ') {
      const [format, channels, bits] = [at + 8, at + 10, at + 22].map((offset) =>
        view.getUint16(offset, true),
      );
      if (format !== 1 || channels !== 1 || bits !== 16)
        throw new Error(
          `expected one channel of 16-bit samples, got ${channels} of ${bits} bits (format ${format})`,
        );
      sampleRate = view.getUint32(at + 12, true);
    } else if (word(at) === 'data') {
      const count = Math.floor(Math.min(size, bytes.length - at - 8) / 2);
      const samples = Float32Array.from(
        { length: count },
        (_, i) => view.getInt16(at + 8 + 2 * i, true) / SCALE,
      );
      return { sampleRate, samples };
    }
    at += 8 + size + (size & 1);
  }
  throw new Error('the WAV file has no data');
}

export function writeWav({ sampleRate, samples }: Recording): Uint8Array {
  const bytes = new Uint8Array(HEADER + 2 * samples.length);
  const view = new DataView(bytes.buffer);
  const text = (at: number, word: string) => bytes.set(new TextEncoder().encode(word), at);
  text(0, 'RIFF');
  view.setUint32(4, bytes.length - 8, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, 2 * sampleRate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, 'data');
  view.setUint32(40, 2 * samples.length, true);
  samples.forEach((sample, i) => {
    view.setInt16(HEADER + 2 * i, Math.round(Math.max(-1, Math.min(1, sample)) * (SCALE - 1)), true);
  });
  return bytes;
}
