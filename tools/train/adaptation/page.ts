import { figure } from '../../plot/chart.ts';
import { type Adapted, SECONDS } from './measure.ts';

export interface Source {
  readonly file: string;
  readonly sha256: string;
  readonly validated: number;
  readonly chosenOn: number;
}

/** Loss against seconds, and against what has to be kept. */
export function plot(rows: readonly Adapted[]): string {
  return figure([
    {
      title: 'models/char-lm on tinyshakespeare: loss against time',
      x: { label: 'seconds of training', scale: 'log', format: String },
      y: { label: 'nats per character' },
      series: rows.map(({ name, losses }) => ({
        name,
        points: losses.map((y, i) => ({ x: SECONDS[i]!, y })),
        mark: 'line-and-dots',
      })),
    },
    {
      title: `… and against bytes, after ${SECONDS.at(-1)} seconds`,
      x: { label: 'bytes to keep', scale: 'log' },
      y: { label: 'nats per character' },
      series: rows.map(({ name, bytes, losses }) => ({
        name,
        points: [{ x: bytes, y: losses.at(-1)! }],
        mark: 'dots',
      })),
      height: 300,
    },
  ]);
}

export function page(rows: readonly Adapted[], source: Source, machine: string): string {
  const head = [
    'changed',
    'parameters',
    'bytes',
    'learning rate',
    'ms an update',
    ...SECONDS.map((s) => `${s} s`),
  ];
  const lines = rows.map(({ name, parameters, bytes, learningRate, update, losses }) => [
    name,
    parameters.toLocaleString('en-US'),
    bytes.toLocaleString('en-US'),
    String(learningRate),
    update.toFixed(1),
    ...losses.map((loss) => loss.toFixed(4)),
  ]);
  const table = [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...lines];
  return `# Adapting char-lm

\`models/char-lm\` goes on learning, from Melville to Shakespeare: loss on the last ${source.validated.toLocaleString('en-US')}
characters of ${source.file} (SHA-256 \`${source.sha256}\`), in nats per character, after so many
seconds of training on what is before them. Made by \`tools/train/adaptation.ts\`; do not edit.

${table.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}

Bytes are what has to be kept of a user: the model file, the changed tensors in float32, or the adapter's file. Adam, 16
streams × 64 timesteps; of three learning rates each row has the one that was best after 5 seconds on the
${source.chosenOn.toLocaleString('en-US')} characters before the validated ones. ${machine}.

![Loss against seconds and bytes](adaptation.svg)
`;
}
