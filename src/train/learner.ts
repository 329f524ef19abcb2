import { RivuletError, show } from '../errors.ts';
import { inferShapes } from '../graph/validate.ts';
import { Runtime } from '../runtime/runtime.ts';
import { requireFloats, requireRoom } from '../session/arguments.ts';
import { Model } from '../session/model.ts';
import type { StepInput } from '../session/options.ts';
import { dequantizeModel, requantizeModel } from './dequantize.ts';
import { checkLearnerOptions, type LearnerOptions, type LearnerSettings } from './learner-options.ts';
import { readLearner, writeLearner } from './learner-snapshot.ts';
import { lossDefinition } from './losses/table.ts';
import { Pending } from './pending.ts';
import { type Ports, readPorts } from './ports.ts';
import { Predictor } from './predictor.ts';
import { hasSensitivities, Sensitivities } from './sensitivities.ts';
import { Trainer } from './trainer.ts';

/**
 * A model that learns from a stream as it comes, with private parameters: the model that it was made from is untouched. Made
 * by `createLearner`. Its memory is constant: nothing of the stream is kept beyond the window, and neither `step` nor
 * `observe` nor `learn` allocates in linear memory.
 *
 * ```ts
 * const learner = createLearner(model, { horizon: 12 });
 * for await (const x of readings) {
 *   if (learner.awaitsTarget) learner.observe(x); // what the output of 12 timesteps ago should have been
 *   const forecast = learner.step(x);
 * }
 * ```
 *
 * Two streams go through the parameters. `step` takes the present one on and gives its output at once. A second one follows,
 * as far as targets have come: every `every` timesteps it goes through the last `window` timesteps that have their targets,
 * forward, backward and one update (BPTT(window; every) of Williams & Peng 1990: the losses are those of the timesteps
 * since the update before, their gradients flow through the whole window). The state before the window is carried along
 * and no gradient flows into it; with `rtrl` the sensitivities of the state are carried along too and the gradient is that of
 * the whole stream, exactly, as long as the parameters stand still.
 */
export class Learner {
  /** With all defaults filled in. */
  readonly settings: LearnerSettings;
  readonly parameterCount: number;
  readonly #model: Model;
  readonly #ports: Ports;
  readonly #trainer: Trainer;
  readonly #predictor: Predictor;
  readonly #sensitivities: Sensitivities | undefined;
  readonly #pending: Pending;
  /** The outputs of the last `horizon` timesteps; that of timestep t at t % horizon. */
  readonly #outputs: Float32Array;
  /** One timestep's target of classes, or one output, without a view of its own each time. */
  readonly #class = new Uint32Array(1);
  readonly #output: Float32Array;
  #timesteps = 0;
  /** Targets came for no timestep from here on; updates learnt from all before `#learnt`. */
  #observed = 0;
  #learnt = 0;
  #updates = 0;
  #gradientNorm = 0;
  #disposed = false;

  /** @internal */
  constructor(model: Model, runtime: Runtime, options: Omit<LearnerOptions, 'runtime'>) {
    const definition = dequantizeModel(model.definition);
    this.#model = model;
    this.#ports = readPorts(definition);
    this.settings = checkLearnerOptions(options, definition, this.#ports);
    const { algorithm, window, every, horizon, loss, seed } = this.settings;
    const { input, output } = this.#ports;
    const trainable = new Set(this.settings.trainable);
    this.#trainer = new Trainer(runtime, definition, {
      batchSize: 1,
      unroll: window,
      loss,
      trainable: (name) => trainable.has(name),
      seed,
    });
    this.parameterCount = this.#trainer.parameterCount;
    const classes = lossDefinition(loss.type).targets === 'classes';
    this.#pending = new Pending(
      window + every + horizon - 1,
      { tokens: input.kind === 'tokens', inputWidth: input.kind === 'tokens' ? 1 : input.size },
      { classes, targetWidth: classes ? 1 : output.size },
    );
    this.#outputs = new Float32Array(horizon * output.size);
    this.#output = new Float32Array(output.size);
    try {
      const { plan } = this.#trainer.addresses;
      this.#predictor = new Predictor(runtime, plan, input, output.size, this.#trainer.stateFloats);
      const carries = algorithm === 'rtrl' && hasSensitivities(definition, trainable);
      this.#sensitivities = carries ? new Sensitivities(this.#trainer) : undefined;
    } catch (error) {
      this.#trainer.dispose();
      throw error;
    }
  }

  /** Steps made since the stream began. */
  get timesteps(): number {
    return this.#timesteps;
  }

  /** Updates made. */
  get updates(): number {
    return this.#updates;
  }

  /** Of all trainable parameters together, in the last update since it was made or restored, before clipping. */
  get gradientNorm(): number {
    return this.#gradientNorm;
  }

  /** Whether there is an output whose target `observe` takes now: it was given `horizon` steps ago and has none yet. */
  get awaitsTarget(): boolean {
    return this.#timesteps - this.settings.horizon >= this.#observed;
  }

  /**
   * One timestep: the model's output with the parameters as they are. Its target may come later, or never.
   *
   * @param input the token, or a Float32Array of the input's size
   * @param out where the output goes; a new array by default
   * @returns out, or the new array
   * @throws RivuletError `wrong-length`, `non-finite-input`, `token-out-of-range`, `invalid-argument`, `disposed`; then
   * nothing has changed
   */
  step(input: StepInput, out?: Float32Array): Float32Array {
    this.#assertAlive();
    const { size } = this.#ports.output;
    const result = out ?? new Float32Array(size);
    requireRoom('out', result, size);
    this.#predictor.requireInput(input);
    if (this.#pending.isFull) this.#follow(this.settings.every);
    this.#predictor.step(input, this.#output, 0);
    this.#pending.push(input);
    this.#outputs.set(this.#output, (this.#timesteps % this.settings.horizon) * size);
    result.set(this.#output);
    this.#timesteps++;
    return result;
  }

  /**
   * The target of the output that `step` gave `horizon` calls ago; 1, the default, is the last one. Learns from it, at once
   * or with those that follow it.
   *
   * @param target values [size of the output], or a class
   * @returns the loss of that output, as it was given: nats, or squared error
   * @throws RivuletError `invalid-argument` where no output waits for a target, `invalid-target`, `wrong-length`,
   * `disposed`; then nothing has changed
   * @throws RivuletError `diverged`, before an update is made: its loss or gradient is not finite. The parameters stay as they
   * are, and the stream begins anew
   */
  observe(target: number | Float32Array): number {
    this.#assertAlive();
    this.#requireTarget(target);
    const { horizon } = this.settings;
    if (!this.awaitsTarget) {
      throw new RivuletError(
        'invalid-argument',
        this.#timesteps < horizon
          ? `observe: the target of an output comes ${horizon} steps after it was given (horizon), and there were ` +
              `${this.#timesteps}: step first`
          : 'observe: the output has its target already: step first',
      );
    }
    return this.#learnFrom(this.#timesteps - horizon, target);
  }

  /**
   * One timestep and a target: `step`, then `observe`. Of a learner with horizon 1 they belong together.
   *
   * @param out where the output goes, which the parameters before give
   * @returns as `observe`
   * @throws RivuletError as `step` and `observe`
   */
  learn(input: StepInput, target: number | Float32Array, out?: Float32Array): number {
    this.#assertAlive();
    this.#requireTarget(target);
    const { horizon } = this.settings;
    if (this.#timesteps + 1 < horizon) {
      throw new RivuletError(
        'invalid-argument',
        `learn: the first target comes with timestep ${horizon} (horizon), and this is timestep ${this.#timesteps + 1}: ` +
          'step until awaitsTarget',
      );
    }
    this.step(input, out ?? this.#output);
    return this.#learnFrom(this.#timesteps - horizon, target);
  }

  /**
   * The model as learnt so far, in the runtime of the one it came from, int8 where that one is.
   *
   * @throws RivuletError `disposed`, `out-of-memory`
   */
  toModel(): Model {
    this.#assertAlive();
    this.#model.assertAlive();
    const { runtime, definition } = this.#model;
    return new Model(runtime, requantizeModel(this.#trainer.definition(), definition));
  }

  /** The stream begins anew, in the initial state and with no window. What was learnt stays. */
  reset(): void {
    this.#assertAlive();
    this.#trainer.resetState();
    this.#predictor.reset();
    this.#sensitivities?.reset();
    this.#pending.clear();
    this.#outputs.fill(0);
    this.#timesteps = 0;
    this.#observed = 0;
    this.#learnt = 0;
  }

  /**
   * All that the rest of its life depends on but the model's shape and the options: parameters, moments, states, window. A
   * learner made with the same options from a model of the same shape goes on from it to the bit.
   */
  snapshot(): Uint8Array {
    this.#assertAlive();
    return writeLearner(this.#parts(), {
      timesteps: this.#timesteps,
      observed: this.#observed,
      learnt: this.#learnt,
      updates: this.#updates,
    });
  }

  /** @throws RivuletError `invalid-checkpoint`, `checkpoint-mismatch`, `disposed`; then nothing has changed */
  restore(snapshot: Uint8Array): void {
    this.#assertAlive();
    const { timesteps, observed, learnt, updates } = readLearner(this.#parts(), snapshot);
    this.#timesteps = timesteps;
    this.#observed = observed;
    this.#learnt = learnt;
    this.#updates = updates;
  }

  /** Frees its memory; whatever is called on it afterwards throws `disposed`. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#sensitivities?.dispose();
    this.#predictor.dispose();
    this.#trainer.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #parts() {
    return {
      definition: this.#model.definition,
      settings: this.settings,
      trainer: this.#trainer,
      predictor: this.#predictor,
      sensitivities: this.#sensitivities,
      pending: this.#pending,
      outputs: this.#outputs,
    };
  }

  #learnFrom(timestep: number, target: number | Float32Array): number {
    const loss = this.#lossAt(timestep, target);
    this.#pending.setTarget(timestep, target);
    this.#observed = timestep + 1;
    if (this.#observed - this.#learnt >= this.settings.every) this.#update();
    return loss;
  }

  #lossAt(timestep: number, target: number | Float32Array): number {
    const { size } = this.#ports.output;
    const at = (timestep % this.settings.horizon) * size;
    for (let i = 0; i < size; i++) this.#output[i] = this.#outputs[at + i]!;
    if (typeof target !== 'number') return this.#trainer.lossOf(this.#output, target);
    this.#class[0] = target;
    return this.#trainer.lossOf(this.#output, this.#class);
  }

  /** One update, with the window whose last timestep is the last one that has its target. */
  #update(): void {
    const { window, every } = this.settings;
    const pending = this.#pending;
    this.#follow(Math.max(0, this.#observed - window - pending.first));
    const from = pending.first;
    const count = this.#observed - from;
    const { loss, weight, gradientNorm } = this.#trainer.window(pending, count);
    this.#gradientNorm = this.#sensitivities?.advance(count) ?? gradientNorm;
    if (!Number.isFinite(loss) || !Number.isFinite(this.#gradientNorm)) this.#diverge(loss);
    const { optimizer, learningRate, clipNorm, clipValue } = this.settings;
    if (weight > 0) {
      this.#trainer.update({ ...optimizer, learningRate, clipNorm, clipValue });
      this.#updates++;
    }
    this.#learnt = this.#observed;
    pending.weights.fill(0, 0, count);
    const next = Math.max(0, this.#observed + every - window - from);
    if (next < count) this.#trainer.rewind(next, from === 0 && next === 0);
    pending.drop(next);
  }

  /** The stream that learns goes over so many timesteps, from which nothing will be learnt any more. */
  #follow(timesteps: number): void {
    const pending = this.#pending;
    for (let left = timesteps; left > 0; ) {
      const count = Math.min(left, this.settings.window);
      if (this.#sensitivities) {
        pending.weights.fill(0, 0, count);
        this.#trainer.window(pending, count);
        this.#sensitivities.advance(count);
      } else this.#trainer.advance(pending.inputs, count);
      pending.drop(count);
      left -= count;
    }
    this.#learnt = Math.max(this.#learnt, pending.first);
  }

  #diverge(loss: number): never {
    const norm = this.#gradientNorm;
    this.reset();
    throw new RivuletError(
      'diverged',
      `the learner diverged at update ${this.#updates + 1}: the loss is ${loss}, the norm of the gradient ${norm}. This ` +
        'update was not made, and the stream begins anew. Lower learningRate or clipNorm',
    );
  }

  #requireTarget(target: number | Float32Array): void {
    const { size } = this.#ports.output;
    const { loss } = this.settings;
    const { targets, accepts, expects } = lossDefinition(loss.type);
    if (targets === 'classes') {
      if (Number.isInteger(target) && (target as number) >= 0 && accepts(target as number, size, loss))
        return;
      throw new RivuletError('invalid-target', `target: ${expects(size, loss)}, got ${show(target)}`);
    }
    requireFloats('target', target, size);
    for (let i = 0; i < size; i++) {
      if (accepts(target[i]!, size, loss)) continue;
      throw new RivuletError(
        'invalid-target',
        `target: ${expects(size, loss)}, got ${target[i]} at index ${i}`,
      );
    }
  }

  #assertAlive(): void {
    if (this.#disposed) throw new RivuletError('disposed', 'the learner is disposed: create another');
  }
}

/**
 * A learner from a stream, whose parameters begin with the model's. It learns in the model's own runtime where that was made
 * with `createRuntime({ module: 'train' })`; else `options.runtime` must be such a one, and the weights are copied into it. An
 * int8 model learns in float32.
 *
 * @throws RivuletError `invalid-argument`, `not-supported` (a runtime that infers only, an encoder, a node that goes backward
 * through time, what `rtrl` is not exact for), `disposed`, `out-of-memory`
 */
export function createLearner(model: Model, options: LearnerOptions = {}): Learner {
  if (!(model instanceof Model)) {
    throw new RivuletError(
      'invalid-argument',
      `createLearner takes a model that loadModel gave, got ${show(model)}`,
    );
  }
  if (typeof options !== 'object' || options === null) {
    throw new RivuletError('invalid-argument', `options must be an object, got ${show(options)}`);
  }
  model.assertAlive();
  const { runtime, ...rest } = options;
  requireStreamable(model);
  return new Learner(model, trainingRuntime(model, runtime), rest);
}

function requireStreamable({ definition }: Model): void {
  const { firstNotStreamable } = inferShapes(definition);
  if (firstNotStreamable === undefined && !definition.graph.encoder) return;
  throw new RivuletError(
    'not-supported',
    `a learner goes step by step, and ${
      definition.graph.encoder
        ? 'this model has an encoder'
        : `node ${show(firstNotStreamable)} goes backward through time`
    }: use fineTune`,
  );
}

function trainingRuntime(model: Model, given: unknown): Runtime {
  const runtime = model.runtime.module === 'train' ? model.runtime : given;
  if (runtime instanceof Runtime && runtime.module === 'train') return runtime;
  throw new RivuletError(
    given === undefined ? 'not-supported' : 'invalid-argument',
    `the model's runtime infers only, and options.runtime must be one made with createRuntime({ module: "train" }), got ` +
      show(given),
  );
}
