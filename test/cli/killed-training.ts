/**
 * A training that is killed (SIGKILL) and resumed must end in the bytes of one that was left alone. For kill.test.ts and
 * for tools/soak.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeRecipe } from './small-training.ts';

/** Few updates between checkpoints, so that many a kill hits the writing of one. */
const EVERY = 2;
const FILES = ['model.safetensors', 'model.safetensors.html', 'model.safetensors.jsonl'];

export interface Uninterrupted {
  readonly model: Buffer;
  /** Of training. */
  readonly milliseconds: number;
}

export interface Killed {
  /** What the killed program left behind. */
  readonly left: 'nothing' | 'checkpoint' | 'model';
  /** Undefined where all is well. */
  readonly failure: string | undefined;
}

export async function trainUninterrupted(command: string): Promise<Uninterrupted> {
  return inFolder(async (folder, recipe) => {
    const { code, stderr } = await train(command, recipe, []);
    if (code !== 0) throw new Error(`the training failed: ${stderr}`);
    const [model, , log] = FILES.map((name) => readFileSync(join(folder, name)));
    const last = log!.toString().trimEnd().split('\n').at(-1)!;
    return { model: model!, milliseconds: 1000 * JSON.parse(last).seconds };
  });
}

/** Kills a training so many milliseconds after it said that it begins, and resumes it. */
export async function killAndResume(
  command: string,
  milliseconds: number,
  { model }: Uninterrupted,
): Promise<Killed> {
  return inFolder(async (folder, recipe) => {
    await train(command, recipe, [], milliseconds);
    const left = leftIn(folder);
    if (left !== 'model') {
      const { code, stderr } = await train(command, recipe, ['--resume']);
      if (code !== 0) return { left, failure: `exit code ${code}: ${stderr}` };
    }
    const names = readdirSync(folder).filter((name) => !['recipe.json', 'text.txt'].includes(name));
    if (names.sort().join() !== FILES.join()) return { left, failure: `left behind: ${names.join(', ')}` };
    const isSame = readFileSync(join(folder, FILES[0]!)).equals(model);
    return { left, failure: isSame ? undefined : 'the resumed training gave other bytes' };
  });
}

function leftIn(folder: string): Killed['left'] {
  // Between the writing of the model and the removal of the checkpoint both are there.
  if (existsSync(join(folder, `${FILES[0]}.checkpoint`))) return 'checkpoint';
  return existsSync(join(folder, FILES[0]!)) ? 'model' : 'nothing';
}

async function inFolder<T>(use: (folder: string, recipe: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'rivulet-kill-'));
  try {
    return await use(folder, writeRecipe(folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs `rivulet train`; with `killAfter` it is killed then, where it still runs. */
function train(
  command: string,
  recipe: string,
  args: readonly string[],
  killAfter?: number,
): Promise<{ code: number | null; stderr: string }> {
  const output = join(recipe, '..', FILES[0]!);
  const all = [command, 'train', recipe, '-o', output, '--checkpoint-every', String(EVERY), ...args];
  const program = spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'pipe'] });
  let timer: NodeJS.Timeout | undefined;
  program.stdout.once('data', () => {
    if (killAfter !== undefined) timer = setTimeout(() => program.kill('SIGKILL'), killAfter);
  });
  program.stdout.resume();
  let stderr = '';
  program.stderr.on('data', (part) => {
    stderr += part;
  });
  return new Promise((resolve, reject) => {
    program.on('error', reject);
    program.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stderr });
    });
  });
}
