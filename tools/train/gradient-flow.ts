/**
 * How far back the gradient of a loss reaches in an RNN, an LSTM and a GRU, before and after a short training: writes the
 * table and the picture of models/gradient-flow. Run from the root of the repository:
 *
 *     node tools/build/run.mjs tools/train/gradient-flow.ts
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import {
  createRuntime,
  type GradientFlow,
  gradientFlow,
  initialize,
  type ModelDefinition,
  type Runtime,
  type Tensor,
  Training,
} from '../../src/index.ts';
import { type ChartOptions, figure, type Point } from '../plot/chart.ts';

const TEXT = 'models/char-lm/validation.txt';
const FOLDER = 'models/gradient-flow';
const UNITS = 64;
const LENGTHS = [1_000, 10_000];
const BUDGET = 1_000_000;
/** Timesteps back from the loss. */
const STEPS_BACK = [0, 10, 30, 100, 300, 999, 9_999];
const TRAINING = {
  epochs: 2,
  batchSize: 16,
  unroll: 64,
  optimizer: 'adam',
  learningRate: 0.003,
  clipNorm: 1,
} as const;
const SEED = 1;

const SUPERSCRIPTS: Readonly<Record<string, string>> = Object.fromEntries(
  [...'-0123456789'].map((digit, i) => [digit, [...'⁻⁰¹²³⁴⁵⁶⁷⁸⁹'][i]!]),
);

interface Subject {
  readonly name: string;
  readonly layer: 'rnn' | 'lstm' | 'gru';
  /** What becomes of its tensors before anything else. */
  readonly change?: (role: string, values: Float32Array) => Float32Array;
}

const SUBJECTS: readonly Subject[] = [
  { name: 'RNN', layer: 'rnn' },
  {
    name: 'RNN, recurrent weights × 3',
    layer: 'rnn',
    change: (role, values) => (role === 'weight_hh' ? values.map((value) => 3 * value) : values),
  },
  { name: 'GRU', layer: 'gru' },
  { name: 'LSTM', layer: 'lstm' },
  {
    // PyTorch's order of gates: i, f, g, o.
    name: 'LSTM, forget bias + 5',
    layer: 'lstm',
    change: (role, values) =>
      role === 'bias_ih'
        ? values.map((value, i) => (Math.floor(i / UNITS) === 1 ? value + 5 : value))
        : values,
  },
];

interface Row {
  readonly name: string;
  readonly state: 'h' | 'c';
  readonly trained: boolean;
  readonly timesteps: number;
  /** By timesteps back from the loss. */
  readonly norms: Float64Array;
}

function definitionOf({ layer, change }: Subject, text: string, runtime: Runtime): ModelDefinition {
  const vocabulary = [...new Set(text)].sort();
  const layers = [
    { type: 'embedding', size: 16 },
    { type: layer, units: UNITS },
    { type: 'dense', units: vocabulary.length },
  ] as const;
  const drawn = initialize({ layers, tokenizer: { type: 'characters', vocabulary } }, SEED, runtime);
  const node = drawn.graph.nodes.find(({ type }) => type === layer)!;
  const roles = Object.entries('tensors' in node ? { ...node.tensors } : {});
  const tensors = new Map<string, Tensor>(drawn.tensors);
  for (const [role, name] of change ? roles : []) {
    const { shape, data } = drawn.tensors.get(name as string)!;
    tensors.set(name as string, { dtype: 'F32', shape, data: change!(role, data as Float32Array) });
  }
  return { ...drawn, tensors };
}

function train(definition: ModelDefinition, text: string, runtime: Runtime): [ModelDefinition, number] {
  const training = new Training(runtime, definition, text, { ...TRAINING, seed: SEED });
  while (!training.finished) training.step();
  const trained = training.definition();
  training.dispose();
  return [trained, training.updates];
}

function rowsOf(name: string, trained: boolean, { timesteps, states }: GradientFlow): Row[] {
  return states.map(({ state, norms }) => ({ name, state, trained, timesteps, norms: norms.toReversed() }));
}

function card(rows: readonly Row[], updates: number, { build }: Runtime): string {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  return `# gradient-flow

How far back in time the gradient of a loss reaches: ‖dL/dh‖ behind each timestep, where L is the cross-entropy of the last
character of a text alone. Made by \`tools/train/gradient-flow.ts\`; do not edit.

Each model has an embedding of 16, one recurrent layer of ${UNITS} units and a dense head; the text is \`${TEXT}\`,
${LENGTHS.map((length) => length.toLocaleString('en-US')).join(' and ')} characters from its beginning. "Trained" is after ${updates} updates of ${TRAINING.batchSize} × ${TRAINING.unroll} characters with Adam. The
gradient goes through the whole sequence, within a \`memoryBudget\` of ${BUDGET / 1e6} MB.

![norms over the timesteps back from the loss](flow.svg)

${LENGTHS.map((timesteps) => section(rows, timesteps)).join('\n\n')}

0 is below 10⁻⁴⁵, where float32 ends (some lines go on along its smallest number); ∞ is above 10³⁸. A gradient that has not
arrived teaches nothing of what lies so far back; one that explodes is cut by \`clipNorm\` to a direction that the furthest
timesteps decide alone.

With 5 more on the forget bias the way through c stays open over 10,000 timesteps. But c adds up: after the training all |c| are
above 14, where tanh(c) is ±1 to the last bit of a float32, and no gradient enters c any more.

\`\`\`ts
import { gradientFlow } from 'rivulet';

const { states } = await gradientFlow(model, text, { at: 'last', memoryBudget: ${BUDGET.toLocaleString('en-US').replaceAll(',', '_')} });
for (const { layer, state, norms } of states) console.log(layer, state, norms.at(-1), norms.at(-101), norms[0]);
\`\`\`

\`\`\`sh
npm ci && npm run build
node tools/build/run.mjs tools/train/gradient-flow.ts
\`\`\`

Rivulet ${version}, train.${build}.wasm, Node ${process.version}, ${cpus()[0]!.model.trim()}; the numbers are the same on every engine.
`;
}

function section(rows: readonly Row[], timesteps: number): string {
  const shown = rows.filter((row) => row.timesteps === timesteps);
  const steps = STEPS_BACK.filter((back) => back < timesteps);
  const head = ['', 'state', '', ...steps.map((back) => back.toLocaleString('en-US'))];
  const body = shown.map(({ name, state, trained, norms }) => [
    name,
    state,
    trained ? 'trained' : 'initial',
    ...steps.map((back) => number(norms[back]!)),
  ]);
  const table = [head, head.map((_, i) => (i < 3 ? '---' : '--:')), ...body];
  const lines = table.map((columns) => `| ${columns.join(' | ')} |`);
  return `## Over ${timesteps.toLocaleString('en-US')} timesteps\n\nTimesteps back from the loss:\n\n${lines.join('\n')}`;
}

/** Two digits; from a thousandth to a thousand without a power of ten. */
function number(value: number): string {
  if (!Number.isFinite(value)) return '∞';
  if (value === 0 || (value >= 1e-3 && value < 1e3)) return String(Number(value.toPrecision(2)));
  const [digits, power] = value.toExponential(1).split('e') as [string, string];
  return `${digits} · 10${[...power.replace('+', '')].map((each) => SUPERSCRIPTS[each]).join('')}`;
}

/** Before and after the training, for each length: linear in time over the shorter, logarithmic over the longer. */
function charts(rows: readonly Row[]): ChartOptions[] {
  return LENGTHS.flatMap((timesteps) =>
    [false, true].map((trained): ChartOptions => {
      const shown = rows.filter((row) => row.timesteps === timesteps && row.trained === trained);
      const isLong = timesteps > 1_000;
      return {
        title: `‖dL/dh‖ over ${timesteps.toLocaleString('en-US')} timesteps, ${trained ? 'after the training' : 'at initialisation'}`,
        x: {
          label: isLong ? 'timesteps back from the loss, + 1' : 'timesteps back from the loss',
          scale: isLong ? 'log' : 'linear',
          range: [isLong ? 1 : 0, timesteps],
          ...(isLong && {
            format: (value) => (Number.isInteger(Math.log10(value)) ? value.toLocaleString('en-US') : ''),
          }),
        },
        y: { label: 'norm', scale: 'log', range: [1e-46, 1e39] },
        series: shown
          .filter(({ state }) => state === 'h')
          .map(({ name, norms }) => ({ name, points: points(norms, isLong) })),
      };
    }),
  );
}

/** About 200 of them, at equal distances on the axis; to where the norm is no longer a number that float32 has. */
function points(norms: Float64Array, logarithmic: boolean): Point[] {
  const last = norms.length - 1;
  const places = Array.from({ length: 200 }, (_, i) =>
    logarithmic ? Math.round(norms.length ** (i / 199)) - 1 : Math.round((i / 199) * last),
  );
  return [...new Set(places)]
    .map((back) => ({ x: logarithmic ? back + 1 : back, y: norms[back]! }))
    .filter(({ y }) => y > 0 && Number.isFinite(y));
}

const text = readFileSync(TEXT, 'utf8');
const runtime = await createRuntime({ module: 'train' });
const rows: Row[] = [];
let updates = 0;
for (const subject of SUBJECTS) {
  const initial = definitionOf(subject, text, runtime);
  const [trained, done] = train(initial, text, runtime);
  updates = done;
  for (const timesteps of LENGTHS) {
    for (const definition of [initial, trained]) {
      const flow = await gradientFlow(definition, text, { timesteps, memoryBudget: BUDGET, runtime });
      rows.push(...rowsOf(subject.name, definition === trained, flow));
      console.log(`${subject.name}, ${timesteps} timesteps: loss ${flow.loss.toFixed(3)}`);
    }
  }
}
mkdirSync(FOLDER, { recursive: true });
writeFileSync(`${FOLDER}/README.md`, card(rows, updates, runtime));
writeFileSync(`${FOLDER}/flow.svg`, figure(charts(rows)));
