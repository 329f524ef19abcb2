import { CommanderError } from 'commander';
import { RivuletError } from '../../src/index.ts';

/** 0 after help, 1 where Rivulet refused or failed, 2 where the command line is not understood. */
export function exitCodeOf(error: unknown): 0 | 1 | 2 {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  return 1;
}

/** One line for a refusal; the stack for what should not have happened. commander has printed its own errors. */
export function describeFailure(error: unknown): string | undefined {
  if (error instanceof CommanderError) return undefined;
  if (error instanceof RivuletError) {
    return `rivulet: ${error.message.replace(/\s*\n\s*/g, ' ')} (${error.code})`;
  }
  return `rivulet: ${error instanceof Error ? error.stack : String(error)}`;
}
