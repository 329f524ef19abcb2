import { RivuletError } from '../../../src/index.ts';
import type { Timestep, TimestepInput, TimestepReader } from './reader.ts';

/** The longest line of a 65536-wide input is about 2 MB; a file without line ends must not fill the memory. */
const MAX_LINE = 1 << 23;

/** A reader of a format with one timestep a line; `parse` gets the line without its end, and its number from 1. */
export function lineReader(parse: (line: string, lineNumber: number) => TimestepInput): TimestepReader {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  let lineNumber = 0;

  function decode(chunk?: Uint8Array): string {
    try {
      return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
    } catch (cause) {
      throw new RivuletError('invalid-file', `after line ${lineNumber}: the input is not UTF-8 text`, {
        cause,
      });
    }
  }

  function timestep(line: string): Timestep {
    const number = ++lineNumber;
    return { input: parse(line.replace(/\r$/, ''), number), place: () => `line ${number}` };
  }

  return {
    *push(chunk) {
      const lines = (rest + decode(chunk)).split('\n');
      rest = lines.pop()!;
      for (const line of lines) yield timestep(line);
      if (rest.length > MAX_LINE) {
        throw new RivuletError(
          'invalid-file',
          `line ${lineNumber + 1} is longer than ${MAX_LINE} characters`,
        );
      }
    },
    *end() {
      rest += decode();
      if (rest !== '') yield timestep(rest);
    },
  };
}
