import { describe, expect, it } from 'vitest';
import { Model } from '../../src/session/model.ts';
import type { Session } from '../../src/session/session.ts';
import { Random } from '../reference/random.ts';
import { BUILDS, testRuntime } from '../runtime.ts';
import { type BitwiseCase, bits, bitwiseCases, inputAt, randomInputs } from './cases.ts';

const runtimes = { simd: testRuntime('simd'), scalar: testRuntime('scalar') };

function steps(
  session: Session,
  { definition }: BitwiseCase,
  inputs: Float32Array | Uint32Array,
  from: number,
  to: number,
) {
  const { size } = session.model.outputs[0]!;
  const out = new Float32Array((to - from) * size);
  const row = new Float32Array(size);
  for (let t = from; t < to; t++)
    out.set(session.step(inputAt(definition, inputs, t), row), (t - from) * size);
  return out;
}

describe.each(bitwiseCases().map((each) => [each.name, each] as const))('%s', (_, each) => {
  const { definition, timesteps } = each;
  const inputs = randomInputs(definition, timesteps);
  const { kind, size } = definition.graph.inputs[0]!;
  const per = kind === 'tokens' ? 1 : size;
  const results = Object.fromEntries(
    BUILDS.map((build) => {
      using model = new Model(runtimes[build], definition);
      return [build, steps(model.createSession(), each, inputs, 0, timesteps)];
    }),
  ) as Record<(typeof BUILDS)[number], Float32Array>;
  const whole = results.simd;

  it('is finite and not constant', () => {
    expect(whole.every(Number.isFinite)).toBe(true);
    expect(new Set(whole).size).toBeGreaterThan(10);
  });

  it('has the same bits on scalar and simd', () => {
    expect(bits(results.scalar)).toEqual(bits(whole));
  });

  it.each(BUILDS)('run and process, in any chunking, equal step: %s', (build) => {
    using model = new Model(runtimes[build], definition);
    const output = model.outputs[0]!.size;
    const random = new Random(3);
    const cuts = [0];
    while (cuts.at(-1)! < timesteps) cuts.push(Math.min(timesteps, cuts.at(-1)! + random.integer(1, 90)));
    const [running, processing] = [model.createSession(), model.createSession()];
    const [run, process] = [new Float32Array(whole.length), new Float32Array(whole.length)];
    for (let i = 1; i < cuts.length; i++) {
      const [from, to] = [cuts[i - 1]!, cuts[i]!];
      const chunk = inputs.slice(from * per, to * per);
      run.set(running.run(chunk), from * output);
      if (kind === 'features') {
        processing.process(chunk as Float32Array, process.subarray(from * output, to * output), to - from);
      }
    }
    expect(bits(run)).toEqual(bits(whole));
    if (kind === 'features') expect(bits(process)).toEqual(bits(whole));
    expect(bits(model.createSession().run(inputs, { returnSequences: false }))).toEqual(
      bits(whole.slice(-output)),
    );
  });

  it('snapshot, restore elsewhere, continue equals uninterrupted', () => {
    using model = new Model(runtimes.simd, definition);
    using other = new Model(runtimes.scalar, definition);
    const at = timesteps >> 1;
    const session = model.createSession();
    steps(session, each, inputs, 0, at);
    const state = session.snapshot();
    const rest = bits(whole).slice((whole.length / timesteps) * at);
    expect(bits(steps(other.createSession({ state }), each, inputs, at, timesteps))).toEqual(rest);
    steps(session, each, inputs, 0, 5);
    session.restore(state);
    expect(bits(steps(session, each, inputs, at, timesteps))).toEqual(rest);
  });

  it('two sessions interleaved equal each alone, and reset begins anew', () => {
    using model = new Model(runtimes.simd, definition);
    const otherInputs = randomInputs(definition, timesteps, 2);
    const alone = steps(model.createSession(), each, otherInputs, 0, timesteps);
    const [a, b] = [model.createSession(), model.createSession()];
    const [outA, outB]: [number[], number[]] = [[], []];
    for (let t = 0; t < timesteps; t++) {
      outA.push(...steps(a, each, inputs, t, t + 1));
      outB.push(...steps(b, each, otherInputs, t, t + 1));
    }
    expect(bits(Float32Array.from(outA))).toEqual(bits(whole));
    expect(bits(Float32Array.from(outB))).toEqual(bits(alone));
    b.reset();
    expect(bits(steps(b, each, inputs, 0, timesteps))).toEqual(bits(whole));
  });

  it('leaves the lanes behind every state and output zero', () => {
    using model = new Model(runtimes.simd, definition);
    const session = model.createSession();
    steps(session, each, inputs, 0, 20);
    const { exports, floats } = runtimes.simd;
    const padded = (address: number, length: number) => [
      ...floats.slice((address >> 2) + length, (address >> 2) + Math.ceil(length / 16) * 16),
    ];
    model.states.forEach((state) => {
      expect(
        padded(exports.stateAddress(session.address, state.index), state.size).every((v) => v === 0),
      ).toBe(true);
    });
    expect(
      padded(exports.outputAddress(session.address, 0), model.outputs[0]!.size).every((v) => v === 0),
    ).toBe(true);
  });
});
