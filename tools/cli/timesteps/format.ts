import type { Model } from '../../../src/index.ts';
import type { InputFormat } from './reader.ts';

/** One timestep's outputs, by name, as they are written. */
export type OutputFormatter = (outputs: Readonly<Record<string, Float32Array>>) => string | Uint8Array;

/**
 * csv and text give a line of comma-separated values, jsonl an array (or an object of arrays, where a model has several
 * inputs or outputs), f32 the bytes.
 */
export function outputFormatter(format: InputFormat, model: Model): OutputFormatter {
  const single = model.inputs.length === 1 && model.outputs.length === 1;
  const { name } = model.outputs[0]!;
  if (format === 'f32') return (outputs) => littleEndian(outputs[name]!);
  if (format !== 'jsonl') return (outputs) => `${list(outputs[name]!)}\n`;
  if (single) return (outputs) => `[${list(outputs[name]!)}]\n`;
  return (outputs) => {
    const fields = Object.entries(outputs).map(([key, values]) => `${JSON.stringify(key)}:[${list(values)}]`);
    return `{${fields.join(',')}}\n`;
  };
}

function list(values: Float32Array): string {
  return Array.from(values, shortest).join(',');
}

/** The fewest digits that give the same float32 again; nine always do. */
function shortest(value: number): string {
  if (Object.is(value, -0)) return '-0';
  for (let digits = 6; digits < 9; digits++) {
    const text = Number(value.toPrecision(digits));
    if (Math.fround(text) === value) return String(text);
  }
  return String(Number(value.toPrecision(9)));
}

function littleEndian(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    view.setFloat32(4 * i, value, true);
  });
  return bytes;
}
