import { describe, expect, it } from 'vitest';
import { Direction, Status } from '../../assembly/shared/codes.ts';
import { Header, OpEntry, PlanFormat } from '../../assembly/shared/plan.ts';
import { refusal } from '../../src/session/arguments.ts';
import { Model } from '../../src/session/model.ts';
import { CELLS, randomModel } from '../reference/models.ts';
import { testRuntime } from '../runtime.ts';
import { int8, randomInputs } from './cases.ts';

const T = 20;

/** A plan's recurrent ops made to run backward in time, in place. */
function turnAround(model: Model): void {
  const { plan, runtime } = model;
  const words = runtime.words;
  const ops = (plan.address + words[(plan.address + Header.Ops + 4) >> 2]!) >> 2;
  for (let i = 0; i < words[(plan.address + Header.Ops) >> 2]!; i++) {
    const at = ops + (i * PlanFormat.OpBytes + OpEntry.Direction) / 4;
    if (words[at] === Direction.Forward) words[at] = Direction.Backward;
  }
}

/** Runs `sequence` over rows in the given order, outputs in that order. */
function sequence(model: Model, inputs: Float32Array, order: readonly number[]): Float32Array {
  const { exports } = model.runtime;
  const session = model.runtime.allocate(exports.sessionBytes(model.plan.address, 1, T, 0), 'a test');
  exports.sessionInit(session, model.plan.address, 1, T, 0);
  const [input, output] = [model.inputs[0]!.size, model.outputs[0]!.size];
  const rows = model.runtime.allocate(4 * T * Math.max(input, output), 'a test');
  const { floats } = model.runtime;
  order.forEach((t, row) => {
    floats.set(inputs.subarray(t * input, (t + 1) * input), (rows >> 2) + row * input);
  });
  exports.panelsFromRows(rows, T, input, exports.inputAddress(session, 0), 64 * T);
  expect(exports.sequence(session, T, 0)).toBe(0);
  exports.rowsFromPanels(exports.outputAddress(session, 0), 64 * T, T, output, rows);
  const out = new Float32Array(T * output);
  order.forEach((t, row) => {
    out.set(floats.subarray((rows >> 2) + row * output, (rows >> 2) + (row + 1) * output), t * output);
  });
  return out;
}

describe.each(CELLS)('%s', (cell) => {
  const float32 = randomModel({ cell, input: 5, hidden: 19, depth: 1, output: 3, seed: 4 });
  const forward = Array.from({ length: T }, (_, t) => t);

  it.each([
    ['float32', float32],
    ['int8', int8(float32)],
  ] as const)('backward over a sequence equals forward over its reverse: %s', (_, definition) => {
    const inputs = randomInputs(definition, T) as Float32Array;
    const model = new Model(testRuntime(), definition);
    const expected = sequence(model, inputs, [...forward].reverse());
    turnAround(model);
    expect(model.runtime.exports.validate(model.plan.address, model.plan.byteLength)).toBe(0);
    expect(sequence(model, inputs, forward)).toEqual(expected);
  });

  it('backward cannot be stepped', () => {
    const model = new Model(testRuntime(), float32);
    turnAround(model);
    const session = model.createSession();
    expect(() => session.step(new Float32Array(5))).toThrow(
      expect.objectContaining({ code: 'not-streamable', message: expect.stringMatching(/run/) }),
    );
    expect(refusal(model, 1, Status.NotStreamable).code).toBe('not-streamable');
  });
});
