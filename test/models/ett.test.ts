/** models/ett: what its card says, measured again where the data are; and its recipe, on a made-up series. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { serializeModel } from '../../src/formats/model-file.ts';
import { loadModelSync, quantize } from '../../src/index.ts';
import { CARD, CHOICES, modelOf } from '../../tools/models/ett/files.ts';
import {
  type Forecast,
  measure,
  repeatLast,
  repeatYesterday,
  streamed,
} from '../../tools/models/ett/forecasts.ts';
import { fitLinear } from '../../tools/models/ett/linear.ts';
import { ettFile, ettOf, HORIZONS, readEtt, windowsOf } from '../../tools/train/ett/data.ts';
import { best, type Choices } from '../../tools/train/ett/recipe.ts';
import { train } from '../../tools/train/ett/train.ts';
import { Random } from '../reference/random.ts';
import { testRuntime } from '../runtime.ts';
import { trainRuntime } from '../train/cases.ts';

const runtime = testRuntime();
const file = ettFile();
const hasData = file !== undefined && existsSync(file);
const choices = JSON.parse(readFileSync(CHOICES, 'utf8')) as Choices;
const card = readFileSync(CARD, 'utf8');

describe.each(HORIZONS)('models/ett, %i hours ahead', (horizon) => {
  const bytes = new Uint8Array(readFileSync(modelOf(horizon)));
  const model = loadModelSync(bytes, { runtime });

  it('is the file of its card, small, and of the recipe that was chosen', () => {
    expect(card).toContain(createHash('sha256').update(bytes).digest('hex'));
    expect(bytes.length).toBeLessThan(300_000);
    const { validation: _, ...recipe } = best(choices.networks, horizon);
    expect(JSON.parse(model.metadata.training!)).toEqual(recipe);
  });

  it('reads and gives °C', () => {
    const day = Float32Array.from({ length: 96 }, (_, t) => 20 + 4 * Math.sin(t / 4));
    const forecasts = model.createSession().run(day, { timesteps: 96 });
    const last = forecasts.subarray(-horizon);
    for (const temperature of last) expect(Math.abs(temperature - 20)).toBeLessThan(15);
  });

  // CC BY-ND: the data are not part of the repository.
  it.skipIf(!hasData)(
    'is 10 % below the better repetition on the test part, in float32 and int8 (needs ETTh1.csv)',
    async () => {
      const ett = await readEtt(file!, horizon);
      const windows = windowsOf('test', horizon);
      expect(windows.end - windows.first).toBe(2880 - horizon + 1);
      const errorOf = (forecast: Forecast) => measure(ett, forecast, windows).mse;
      const repetitions = [repeatLast(ett), repeatYesterday(ett)].map(errorOf);
      // As measured for the issue, by other code.
      expect(repetitions[0]).toBeCloseTo({ 24: 0.034, 48: 0.05 }[horizon], 3);
      const int8 = quantize(model, { weights: 'int8' }).model;
      const linear = fitLinear(ett, best(choices.linear, horizon));
      const errors = [
        ...repetitions,
        ...[linear, streamed(ett, model, windows), streamed(ett, int8, windows)].map(errorOf),
      ];
      for (const error of errors) expect(card).toContain(` ${error.toFixed(5)} `);
      for (const error of errors.slice(-2)) expect(error).toBeLessThan(0.9 * Math.min(...repetitions));
    },
  );

  it.skipIf(!hasData)('forecasts alike on the scalar build (needs ETTh1.csv)', async () => {
    const ett = await readEtt(file!, horizon);
    const windows = { first: 500, end: 600 };
    const scalar = loadModelSync(bytes, { runtime: testRuntime('scalar') });
    const [ours, theirs] = [model, scalar].map((one) => streamed(ett, one, windows)(599));
    expect(theirs).toEqual(ours);
  });
});

/** A noisy wave with the length of ETTh1's parts, or of a few hours less at its end. */
function madeUp(horizon: 24 | 48) {
  const random = new Random(3);
  const values = Float32Array.from({ length: 14_400 }, (_, t) => {
    return 20 + 5 * Math.sin((2 * Math.PI * t) / 24) + random.uniforms(1, -1, 1)[0]!;
  });
  return ettOf(values, horizon);
}

describe('the recipe', () => {
  it('is standardized by the training part alone, and looks ahead from the right hours', () => {
    const ett = madeUp(24);
    const { training, values, scaling } = ett;
    expect(training.timesteps).toBe(8640 - 24);
    expect([...training.targets.subarray(0, 24)]).toEqual([...values.subarray(1, 25)]);
    expect([...training.targets.subarray(-24)]).toEqual([...values.subarray(8640 - 24, 8640)]);
    expect(scaling.targets.center).toEqual(Array(24).fill(scaling.inputs.center[0]));
    expect(windowsOf('validation', 24)).toEqual({ first: 8639, end: 11_520 - 24 });
    expect(windowsOf('test', 48)).toEqual({ first: 11_519, end: 14_400 - 48 });
    // A forecast that is one standard deviation off everywhere.
    const off: Forecast = (hour) =>
      Float64Array.from({ length: 24 }, (_, k) => values[hour + 1 + k]! + scaling.inputs.scale[0]!);
    const { mse, mae } = measure(ett, off, windowsOf('test', 24));
    expect([mse, mae]).toEqual([expect.closeTo(1, 9), expect.closeTo(1, 9)]);
  });

  it('repeats the last value and yesterday', () => {
    const ett = madeUp(48);
    expect([...(repeatLast(ett)(100) as Float32Array)]).toEqual(Array(48).fill(ett.values[100]));
    const yesterday = [...ett.values.subarray(77, 101)];
    expect([...(repeatYesterday(ett)(100) as Float32Array)]).toEqual([...yesterday, ...yesterday]);
  });

  it('has a linear model that finds a wave in noise', () => {
    const ett = madeUp(24);
    const windows = windowsOf('test', 24);
    const { mse } = measure(ett, fitLinear(ett, { horizon: 24, window: 168, ridge: 1 }), windows);
    // The noise alone, in standardized units: 1/3 over the variance.
    const noise = 1 / 3 / ett.scaling.inputs.scale[0]! ** 2;
    expect(mse).toBeLessThan(1.1 * noise);
    expect(mse).toBeGreaterThan(0.95 * noise);
    expect(measure(ett, repeatLast(ett), windows).mse).toBeGreaterThan(10 * noise);
  });

  it('begins to learn, with the same bits on both builds', () => {
    const ett = madeUp(24);
    const recipe = {
      horizon: 24,
      hidden: 6,
      reach: 30,
      epochs: 3,
      batchSize: 4,
      unroll: 336,
      learningRate: 0.01,
      quantizationAware: 'int8',
      seed: 1,
    } as const;
    const losses: number[] = [];
    const trained = train(recipe, ett, trainRuntime('simd'), ({ loss }) => losses.push(loss));
    expect(losses).toHaveLength(3);
    expect(losses[2]).toBeLessThan(0.8 * losses[0]!);
    const scalar = train(recipe, ett, trainRuntime('scalar'), () => {});
    expect(serializeModel(scalar)).toEqual(serializeModel(trained));
  });
});
