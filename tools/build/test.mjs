// `npm test [-- FILTER …]`: builds what is stale, runs as-pect on both builds, then vitest; FILTER names files of vitest,
// and then as-pect stays out. Lists by name what was skipped; the last line sums up both runners.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { startVitest } from 'vitest/node';
import { root } from './core-external.mjs';

/** Scripts of package.json, what each reads, and an output of it. */
const BUILDS = [
  ['build:wasm', ['assembly', 'asconfig.json', 'tools/build/wasm.mjs'], 'dist/wasm/infer.simd.wasm'],
  ['build:ts', ['src', 'assembly/shared', 'tsconfig.build.json', 'tsconfig.json'], 'dist/src/index.js'],
  [
    'build:convert',
    ['src', 'tools/build/convert.mjs', 'tsconfig.convert.json', 'tsconfig.build.json'],
    'dist/convert/index.js',
  ],
  ['build:cli', ['tools/cli', 'tools/build/cli.mjs', 'package.json'], 'dist/cli/rivulet.js'],
];

const started = Date.now();
const filters = process.argv.slice(2);
buildWhatIsStale();
const runs = filters.length > 0 ? [] : ['simd', 'scalar'].map(runAspect);
runs.push(await runVitest(filters));

const sum = (key) => runs.reduce((total, run) => total + run[key], 0);
const skipped = runs.flatMap((run) => run.skipped);
console.log(`\nSkipped tests: ${skipped.length > 0 ? '' : 'none'}`);
for (const line of skipped) console.log(`  skipped: ${line}`);
console.log(`Took ${Math.round((Date.now() - started) / 1000)} s`);
console.log(`${sum('passed')} passed, ${sum('failed')} failed, ${skipped.length} skipped`);
process.exit(sum('failed') > 0 || sum('passed') === 0 ? 1 : 0);

function buildWhatIsStale() {
  for (const [script, sources, output] of BUILDS) {
    const built = join(root, output);
    if (existsSync(built) && statSync(built).mtimeMs >= Math.max(...sources.map(newest))) continue;
    console.log(`> npm run ${script}`);
    const { status } = spawnSync('npm', ['run', '-s', script], { cwd: root, stdio: 'inherit' });
    if (status !== 0) {
      console.error(`npm run ${script} failed: no test ran`);
      process.exit(1);
    }
  }
}

/** When the file, or the newest file in the folder, was last written. */
function newest(path) {
  const at = join(root, path);
  if (!statSync(at).isDirectory()) return statSync(at).mtimeMs;
  return Math.max(...readdirSync(at).map((name) => newest(join(path, name))));
}

function runAspect(build) {
  const specs = readdirSync(join(root, 'test', 'assembly')).filter((name) => name.endsWith('.spec.ts'));
  if (specs.length === 0) return { passed: 0, failed: 0, skipped: [] };
  console.log(`> as-pect, ${build} build`);
  const command = ['node_modules/@as-pect/cli/bin/asp.js', '-a', `tools/build/as-pect.${build}.json`];
  const { status, stdout } = spawnSync(process.execPath, command, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const report = stripVTControlCharacters(stdout);
  console.log(report.slice(report.indexOf('ASC Version')));
  const [, passed = 0, total = 0] = /\[Tests\]: (\d+) \/ (\d+)/.exec(report)?.map(Number) ?? [];
  // A spec that does not compile, or traps, ends as-pect before it counts.
  const failed = Math.max(total - passed, status === 0 && total > 0 ? 0 : 1);
  const skipped = [...report.matchAll(/(\S+\.spec\.ts) Pass: .* Todo: ([1-9]\d*)/g)].map(
    ([, file, count]) => `${file} (${build}): ${count} of as-pect's todo`,
  );
  return { passed, failed, skipped };
}

async function runVitest(files) {
  const run = { passed: 0, failed: 0, skipped: [] };
  const collect = {
    onTestRunEnd(modules, unhandledErrors) {
      run.failed += unhandledErrors.length;
      for (const module of modules) count(module, run);
    },
  };
  const vitest = await startVitest('test', files, { root, run: true, reporters: ['default', collect] });
  await vitest.close();
  return run;
}

function count(module, run) {
  const file = relative(root, module.moduleId);
  for (const suite of [module, ...module.children.allSuites()]) run.failed += suite.errors().length;
  for (const test of module.children.allTests()) {
    const { state, note } = test.result();
    if (state === 'passed') run.passed++;
    else if (state === 'skipped') run.skipped.push(`${file} > ${test.fullName}${note ? ` (${note})` : ''}`);
    else run.failed++;
  }
}
