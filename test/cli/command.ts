/** Runs the built command, dist/cli/rivulet.js, as a user's shell does. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect } from 'vitest';
import { serializeModel } from '../../src/formats/model-file.ts';
import type { ModelDefinition } from '../../src/graph/definition.ts';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const COMMAND = join(ROOT, 'dist', 'cli', 'rivulet.js');
export const CHAR_LM = join(ROOT, 'models', 'char-lm');

export interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly bytes: Buffer;
}

export function rivulet(args: readonly string[], input: string | Uint8Array = ''): Result {
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, ...args], {
    input,
    maxBuffer: 1 << 28,
  });
  return { status, stdout: stdout.toString(), stderr: stderr.toString(), bytes: stdout };
}

/** The output of a command that must succeed, with nothing on standard error. */
export function output(args: readonly string[], input?: string | Uint8Array): string {
  const { status, stdout, stderr } = rivulet(args, input);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

/** A refusal is exit code 1 and one line: `rivulet: message (code)`. */
export function expectRefusal(result: Result, code: string, message: RegExp): void {
  expect(result.status).toBe(1);
  expect(result.stderr).toMatch(/^rivulet: [^\n]+ \([a-z-]+\)\n$/);
  expect(result.stderr.endsWith(` (${code})\n`), result.stderr).toBe(true);
  expect(result.stderr).toMatch(message);
}

export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'rivulet-cli-'));

  constructor() {
    afterAll(() => rmSync(this.path, { recursive: true }));
  }

  file(name: string): string {
    return join(this.path, name);
  }

  write(name: string, content: string | Uint8Array): string {
    writeFileSync(this.file(name), content);
    return this.file(name);
  }

  model(name: string, definition: ModelDefinition): string {
    return this.write(name, serializeModel(definition));
  }
}
