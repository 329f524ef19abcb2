/** The package as npm would publish it, installed into an empty folder without a network. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'rivulet-package-'));
const installed = join(folder, 'app');

beforeAll(() => {
  const packed = npm(root, 'pack', '--ignore-scripts', '--json', '--pack-destination', folder);
  const [{ filename }] = JSON.parse(packed);
  mkdirSync(installed);
  writeFileSync(join(installed, 'package.json'), '{ "private": true, "type": "module" }');
  npm(installed, 'install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', `../${filename}`);
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Without what `npm test` itself puts into the environment of a script. */
function npm(cwd: string, ...args: string[]): string {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
  const cache = process.env.npm_config_cache;
  return execFileSync('npm', args, {
    cwd,
    env: { ...env, ...(cache && { npm_config_cache: cache }) },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** The first JavaScript of the README. */
function readmeScript(): string {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  return /^```js\n([^`]*)^```$/m.exec(readme)![1]!;
}

/** A program of a user, as JavaScript and as TypeScript. */
const CONVERSION = `import { loadModel, RivuletError } from 'rivulet';
import { convert } from 'rivulet/convert';

try {
  const { definition, report } = await convert([new Uint8Array(64)], { allowUnused: true });
  console.log(report.unused.join(' '));
  await loadModel(definition);
} catch (error) {
  console.log(error instanceof RivuletError ? error.code : String(error));
}
`;

describe('the installed package', () => {
  it('is one package', () => {
    const visible = readdirSync(join(installed, 'node_modules')).filter((name) => !name.startsWith('.'));
    expect(visible).toEqual(['rivulet']);
    const { dependencies } = JSON.parse(npm(installed, 'ls', '--all', '--json'));
    expect(Object.keys(dependencies)).toEqual(['rivulet']);
    expect(dependencies.rivulet.dependencies).toBeUndefined();
  });

  it('holds the licence, the int8 model and its card, and no sources', () => {
    const files = readdirSync(join(installed, 'node_modules/rivulet'), { recursive: true }).map(String);
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'CHANGELOG.md']));
    expect(files.filter((file) => /^models.*\.\w+$/.test(file)).sort()).toEqual([
      'models/char-lm/README.md',
      'models/char-lm/model.int8.safetensors',
    ]);
    expect(files.filter((file) => /(?<!\.d)\.ts$/.test(file))).toEqual([]);
  });

  it('brings the command', () => {
    const { status, stdout, stderr } = spawnSync(
      'npx',
      ['--no-install', 'rivulet', 'generate', '--length', '20'],
      { cwd: installed, encoding: 'utf8' },
    );
    expect(status, stderr).toBe(0);
    expect(stdout).toHaveLength('Call me Ishmael. '.length + 20 + 1);
  });

  it("runs the README's six lines", () => {
    const script = readmeScript();
    expect(script.split('\n').filter((line) => line.trim() !== '')).toHaveLength(6);
    writeFileSync(join(installed, 'stream.mjs'), script);
    const stdout = execFileSync(process.execPath, ['stream.mjs'], { cwd: installed, encoding: 'utf8' });
    expect(stdout).toMatch(/^[\x20-\x7e\n—]{200}$/);
  });

  it('imports rivulet/convert, whose errors are those of rivulet', () => {
    writeFileSync(join(installed, 'convert.mjs'), CONVERSION);
    const stdout = execFileSync(process.execPath, ['convert.mjs'], { cwd: installed, encoding: 'utf8' });
    expect(stdout).toBe('unsupported-format\n');
  });

  it.each([
    ['nodenext', 'nodenext'],
    ['bundler', 'esnext'],
  ])('type-checks under %s resolution, declarations too, without the types of Node', (resolution, module) => {
    const processType = 'declare const process: { stdout: { write(text: string): void } };\n';
    writeFileSync(join(installed, 'stream.ts'), processType + readmeScript());
    writeFileSync(join(installed, 'convert.ts'), CONVERSION);
    const compilerOptions = {
      target: 'ES2022',
      lib: ['ES2022', 'DOM'],
      types: [],
      module,
      moduleResolution: resolution,
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
    };
    const config = join(installed, `tsconfig.${resolution}.json`);
    writeFileSync(config, JSON.stringify({ compilerOptions, files: ['stream.ts', 'convert.ts'] }));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const check = () => spawnSync(process.execPath, [tsc, '-p', config], { encoding: 'utf8' });
    expect(check()).toMatchObject({ status: 0, stdout: '' });
    // The types are really ours: a misspelled option is an error.
    writeFileSync(join(installed, 'stream.ts'), processType + readmeScript().replace('prompt', 'promt'));
    expect(check().stdout).toMatch(/stream\.ts.*'?promt/);
  });
});
