/** ONNX's recurrent operators, as onnx.helper and PyTorch's exporter write them, against ONNX Runtime: recurrent/make.py. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Conversion } from '../../../src/convert/conversion.ts';
import { onnx } from '../../../src/convert/onnx/index.ts';
import { Model } from '../../../src/session/model.ts';
import type { Session } from '../../../src/session/session.ts';
import { testRuntime } from '../../runtime.ts';
import { ort } from '../oracle.ts';

/** What two float32 implementations of a cell may differ by. */
const TOLERANCE = 1e-5;
const FOLDER = new URL('recurrent/', import.meta.url);

interface Expected {
  readonly x: number[];
  readonly expected: Record<string, Record<string, number[]>>;
}

const { x, expected }: Expected = JSON.parse(readFileSync(new URL('expected.json', FOLDER), 'utf8'));
const runtime = testRuntime();
const names = readdirSync(FOLDER).filter((file) => file.endsWith('.onnx'));

function read(name: string): Conversion {
  return onnx.read([{ name, bytes: new Uint8Array(readFileSync(new URL(name, FOLDER))) }], {});
}

/** Outputs by name, [timesteps, size]. */
function run(session: Session, model: Model): Record<string, number[]> {
  const [input] = model.inputs;
  if (model.outputs.length === 1) return { [model.outputs[0]!.name]: [...session.run(Float32Array.from(x))] };
  const all = Object.fromEntries(model.outputs.map(({ name }) => [name, [] as number[]]));
  for (let at = 0; at < x.length; at += input!.size) {
    const outputs = Object.fromEntries(model.outputs.map(({ name, size }) => [name, new Float32Array(size)]));
    session.stepNamed({ [input!.name]: Float32Array.from(x.slice(at, at + input!.size)) }, outputs);
    for (const [name, values] of Object.entries(outputs)) all[name]!.push(...values);
  }
  return all;
}

function largestDifference(found: ArrayLike<number>, wanted: readonly number[]): number {
  expect(found.length).toBe(wanted.length);
  return wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - found[i]!)), 0);
}

/** The states that expected.mjs begins with: h0 [layers, 1, hidden], then c0. */
function begin(session: Session, model: Model): void {
  ['h', 'c'].forEach((kind, seed) => {
    let at = 0;
    for (const { name, size } of model.states) {
      if (!name.endsWith(`.${kind}`)) continue;
      session.setState(
        name,
        Float32Array.from({ length: size }, () => 0.6 * Math.sin(2.3 * at++ + seed)),
      );
    }
  });
}

describe('a recurrent operator', () => {
  it.each(names)('%s gives what ONNX Runtime gives', (file) => {
    const { definition, report } = read(file);
    const wanted = expected[file.slice(0, -5)]!;
    expect(report.unused).toEqual([]);
    using model = new Model(runtime, definition);
    const session = model.createSession();
    if (/states|step/.test(file)) begin(session, model);
    const outputs = run(session, model);
    const first = model.outputs[0]!.name;
    expect(largestDifference(outputs[first]!, wanted.y!)).toBeLessThan(TOLERANCE);
    const { Y_h } = outputs;
    if (Y_h) expect(largestDifference(Y_h.slice(-wanted.Y_h!.length), wanted.Y_h!)).toBeLessThan(TOLERANCE);
    const kept = (kind: string) =>
      model.states
        .filter(({ name }) => name.endsWith(kind))
        .flatMap(({ name }) => [...session.getState(name)]);
    if (wanted.hn) expect(largestDifference(kept('.h'), wanted.hn)).toBeLessThan(TOLERANCE);
    if (wanted.cn) expect(largestDifference(kept('.c'), wanted.cn)).toBeLessThan(TOLERANCE);
  });
});

describe('DynamicQuantizeLSTM', () => {
  const { quantized, refused } = JSON.parse(readFileSync(new URL('quantized.json', FOLDER), 'utf8')) as {
    readonly quantized: readonly {
      readonly name: string;
      readonly quantized: string;
      readonly plain: string;
    }[];
    readonly refused: readonly {
      readonly name: string;
      readonly words: readonly string[];
      readonly model: string;
    }[];
  };
  const parse = (model: string) =>
    onnx.read([{ name: 'cell.onnx', bytes: new Uint8Array(Buffer.from(model, 'base64')) }], {});

  it.each(quantized)('with a scale $name keeps its int8 weights', async ({ name, quantized, plain }) => {
    const { definition, report } = parse(quantized);
    expect(report.unused).toEqual([]);
    const { tensors } = definition;
    expect([...tensors].filter(([, { dtype }]) => dtype === 'I8').map(([name]) => name)).toEqual([
      'cell.weight_ih',
      'cell.weight_hh',
    ]);
    using model = new Model(runtime, definition);
    using float = new Model(runtime, parse(plain).definition);
    const found = model.createSession().run(Float32Array.from(x));
    // What they are multiplied by is rounded to 16 bits.
    expect(largestDifference(found, [...float.createSession().run(Float32Array.from(x))])).toBeLessThan(1e-4);
    // ONNX Runtime's kernels for int8 saturate on CPUs without VNNI (0.12 off here); those for uint8 do not.
    if (!ort || name.endsWith(' int8')) return;
    const session = await ort.InferenceSession.create(Buffer.from(quantized, 'base64'));
    const { Y } = await session.run({
      X: new ort.Tensor('float32', Float32Array.from(x), [x.length / 3, 1, 3]),
    });
    // There to 8 bits.
    expect(largestDifference(found, [...Y!.data])).toBeLessThan(0.02);
  });

  it.each(refused)('$name is refused by name', ({ words, model }) => {
    for (const word of words) expect(() => parse(model)).toThrow(word);
  });
});
