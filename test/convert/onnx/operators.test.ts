/** Operators without recurrence, against NumPy and PyTorch: operators.py makes the cases. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { onnx } from '../../../src/convert/onnx/index.ts';
import { Model } from '../../../src/session/model.ts';
import { testRuntime } from '../../runtime.ts';

interface Case {
  readonly name: string;
  /** ONNX, in base64. */
  readonly model: string;
  /** [timesteps][values], by name. */
  readonly inputs: Readonly<Record<string, readonly number[][]>>;
  readonly outputs: Readonly<Record<string, readonly number[][]>>;
  /** The output is that of the last timestep. */
  readonly last?: boolean;
  /** 1e-5, or what an int8 product may differ, whose other factor is rounded to 16 bits. */
  readonly tolerance?: number;
}

const FOLDER = new URL('operators/', import.meta.url);
const CASES = readdirSync(FOLDER).flatMap(
  (name) => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as Case[],
);
const TOLERANCE = 1e-5;
const runtime = testRuntime();

describe('ONNX operators', () => {
  it.each(CASES.map((each) => [each.name, each] as const))('%s', (_, {
    model: file,
    inputs,
    outputs,
    last,
    tolerance = TOLERANCE,
  }) => {
    const { definition, report } = onnx.read([{ name: 'x.onnx', bytes: Buffer.from(file, 'base64') }], {});
    expect(report.unused).toEqual([]);
    using model = new Model(runtime, definition);
    const session = model.createSession();
    const [output] = Object.keys(outputs) as [string];
    const expected = outputs[output]!;
    const timesteps = Object.values(inputs)[0]!.length;
    const y = new Float32Array(expected[0]!.length);
    for (let t = 0; t < timesteps; t++) {
      const step = Object.entries(inputs).map(([name, values]) => [name, listOf(model, name, values[t]!)]);
      session.stepNamed(Object.fromEntries(step), { [output]: y });
      if (last && t < timesteps - 1) continue;
      const row = expected[last ? 0 : t]!;
      const error = Math.max(
        ...row.map((value, i) => Math.abs(value - y[i]!) / Math.max(1, Math.abs(value))),
      );
      expect(error, `timestep ${t}`).toBeLessThanOrEqual(tolerance);
    }
  });
});

function listOf({ inputs }: Model, name: string, values: readonly number[]): Float32Array | Uint32Array {
  const { kind } = inputs.find((input) => input.name === name)!;
  return kind === 'tokens' ? Uint32Array.from(values) : Float32Array.from(values);
}

it('an axis of fixed length is time where the caller says so', () => {
  const { model: file, inputs, outputs } = CASES.find(({ name }) => /within a fixed frame/.test(name))!;
  const read = (time: number | 'none') =>
    onnx.read([{ name: 'x.onnx', bytes: Buffer.from(file, 'base64') }], { time }).definition;
  const [timesteps, channels] = [5, 3];
  const [frame, expected] = [inputs.x![0]!, outputs.y![0]!];
  using model = new Model(runtime, read(2));
  const session = model.createSession();
  for (let t = 0; t < timesteps; t++) {
    const x = Float32Array.from({ length: channels }, (_, channel) => frame[channel * timesteps + t]!);
    const y = session.step(x);
    expect(y.length).toBe(expected.length / timesteps);
    y.forEach((value, unit) => {
      expect(Math.abs(value - expected[unit * timesteps + t]!)).toBeLessThan(TOLERANCE);
    });
  }
  expect(read('none').graph.inputs[0]!.size).toBe(timesteps * channels);
  expect(() => read(3)).toThrow(/time: 3 is no axis of the input "x"; expected 0 to 2, or 'none'/);
});
