import { describe, expect, it } from 'vitest';
import { RivuletError } from '../../src/errors.ts';
import { parseModelFile, serializeModel } from '../../src/formats/model-file.ts';
import { parseSafetensors, serializeSafetensors } from '../../src/formats/safetensors.ts';
import type { Graph, GraphNode, ModelDefinition, Tensor } from '../../src/graph/definition.ts';
import { inferShapes } from '../../src/graph/validate.ts';
import { Random } from '../reference/random.ts';
import { fixture, float32, int8, smallModel } from './models.ts';
import { refusal, refusalText } from './refusals.ts';

/** The file of the small model with other metadata. */
function withMetadata(change: (metadata: Record<string, string>) => void): Uint8Array {
  const { tensors, metadata } = parseSafetensors(serializeModel(smallModel()));
  change(metadata);
  return serializeSafetensors(tensors, metadata);
}

describe('a model file', () => {
  it('reads back what was written, and writes the same bytes again', () => {
    const bytes = serializeModel(smallModel());
    const parsed = parseModelFile(bytes);
    expect(parsed.graph).toEqual(smallModel().graph);
    expect(parsed.tokenizer).toEqual(smallModel().tokenizer);
    expect(parsed.metadata).toEqual(smallModel().metadata);
    expect(new Map([...parsed.tensors].sort())).toEqual(new Map([...smallModel().tensors].sort()));
    const again = serializeModel(parsed);
    expect(again).toEqual(bytes);
    expect(serializeModel(parseModelFile(again))).toEqual(bytes);
  });

  it('has metadata that other readers of safetensors find', () => {
    const { metadata } = parseSafetensors(serializeModel(smallModel()));
    expect(Object.keys(metadata).sort()).toEqual(['format', 'graph', 'tokenizer', 'training']);
    expect(metadata.format).toBe('rivulet/1');
    expect(JSON.parse(metadata.graph!)).toEqual(smallModel().graph);
  });

  it('does not depend on the order of the fields of a graph', () => {
    const model = smallModel();
    const nodes = model.graph.nodes.map((node) => Object.fromEntries(Object.entries(node).reverse()));
    const graph = { nodes, outputs: model.graph.outputs, inputs: model.graph.inputs } as unknown as Graph;
    expect(serializeModel({ ...model, graph })).toEqual(serializeModel(model));
  });

  it('without a graph is refused, and a graph may be supplied', () => {
    const text = refusalText(() => parseModelFile(fixture('gru')));
    expect(text).toMatch(/^missing-graph: .* --graph FILE .* importPyTorch\(bytes, config\)/);
    const graph: Graph = {
      inputs: [{ name: 'input', kind: 'features', size: 4 }],
      outputs: [{ name: 'output', from: 'gru' }],
      nodes: [
        {
          name: 'gru',
          type: 'gru',
          input: 'input',
          tensors: {
            weight_ih: 'gru.weight_ih_l0',
            weight_hh: 'gru.weight_hh_l0',
            bias_ih: 'gru.bias_ih_l0',
            bias_hh: 'gru.bias_hh_l0',
          },
          resetAfter: true,
        },
      ],
    };
    expect(parseModelFile(fixture('gru'), { graph: JSON.stringify(graph) }).graph).toEqual(graph);
  });

  it.each<[string, (metadata: Record<string, string>) => void, RegExp]>([
    [
      'a later format',
      (m) => Object.assign(m, { format: 'rivulet/2' }),
      /^unsupported-format: .*"rivulet\/2".*"rivulet\/1"/,
    ],
    [
      'another format',
      (m) => Object.assign(m, { format: 'pt' }),
      /^unsupported-format: .*"pt".*"rivulet\/1"/,
    ],
    ['no format', (m) => delete m.format, /^unsupported-format: .*not given/],
    ['a graph that is no JSON', (m) => Object.assign(m, { graph: '{' }), /^invalid-graph: graph: not JSON/],
    [
      'a graph with a key twice',
      (m) => Object.assign(m, { graph: '{"nodes":[],"nodes":[]}' }),
      /^invalid-graph: .*twice/,
    ],
    [
      'a graph that is no object',
      (m) => Object.assign(m, { graph: '[]' }),
      /^invalid-graph: graph: expected an object/,
    ],
    [
      'a tokenizer that is no JSON',
      (m) => Object.assign(m, { tokenizer: 'x' }),
      /^invalid-tokenizer: tokenizer: not JSON/,
    ],
    [
      'a tokenizer of an unknown type',
      (m) => Object.assign(m, { tokenizer: '{"type":"bpe"}' }),
      /^invalid-tokenizer: .*"type"/,
    ],
  ])('with %s is refused', (_name, change, message) => {
    expect(refusalText(() => parseModelFile(withMetadata(change)))).toMatch(message);
  });

  it('keeps its own keys out of the metadata', () => {
    const text = refusalText(() => serializeModel({ ...smallModel(), metadata: { graph: '{}' } }));
    expect(text).toMatch(/^invalid-argument: metadata "graph"/);
  });
});

describe('a torn or changed file', () => {
  it('truncated at any byte is refused', () => {
    const bytes = serializeModel(smallModel());
    for (let length = 0; length < bytes.length; length++) {
      // A copy of its own, so that nothing lies behind the end; and a view, behind which the rest lies.
      for (const part of [bytes.slice(0, length), bytes.subarray(0, length)]) {
        expect(() => parseModelFile(part), `truncated to ${length} bytes`).toThrow(RivuletError);
      }
    }
  });

  it('with flipped header bytes is refused or is a valid definition', () => {
    const seed = 20240611;
    const bytes = serializeModel(smallModel());
    const headerEnd = 8 + new DataView(bytes.buffer).getUint32(0, true);
    const random = new Random(seed);
    const outcomes = { valid: 0, refused: new Map<string, number>() };
    for (let mutant = 0; mutant < 2000; mutant++) {
      const changed = bytes.slice();
      const flips = random.integer(1, 4);
      for (let flip = 0; flip < flips; flip++)
        changed[random.integer(0, headerEnd)]! ^= 1 << random.integer(0, 8);
      try {
        inferShapes(parseModelFile(changed));
        outcomes.valid++;
      } catch (error) {
        expect(error, `seed ${seed}, mutant ${mutant}`).toBeInstanceOf(RivuletError);
        const { code } = error as RivuletError;
        outcomes.refused.set(code, (outcomes.refused.get(code) ?? 0) + 1);
      }
    }
    // Mutants get past the header too, else this would test only JSON.parse.
    const refusedByHeader =
      (outcomes.refused.get('invalid-file') ?? 0) + (outcomes.refused.get('unsupported-format') ?? 0);
    expect(2000 - refusedByHeader, `seed ${seed}`).toBeGreaterThan(200);
    expect(outcomes.valid, `seed ${seed}`).toBeGreaterThan(0);
  });

  it('with changed values in its graph is refused or is a valid definition', () => {
    const seed = 7;
    const random = new Random(seed);
    const { tensors, metadata } = parseSafetensors(serializeModel(smallModel()));
    const hostile = [
      null,
      -1,
      0,
      1e9,
      2 ** 53,
      '',
      'head',
      'tokens',
      '__proto__',
      [],
      {},
      { constructor: { name: {} } },
    ];
    let refused = 0;
    for (let mutant = 0; mutant < 2000; mutant++) {
      const graph: unknown = JSON.parse(metadata.graph!);
      replaceSomewhere(graph, random, random.pick(hostile));
      const file = serializeSafetensors(tensors, { ...metadata, graph: JSON.stringify(graph) });
      try {
        inferShapes(parseModelFile(file));
      } catch (error) {
        expect(error, `seed ${seed}, mutant ${mutant}: ${JSON.stringify(graph)}`).toBeInstanceOf(
          RivuletError,
        );
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(1000);
  });
});

/** Replaces, removes or adds one value somewhere in a JSON value. */
function replaceSomewhere(root: unknown, random: Random, value: unknown): void {
  let at = root as Record<string, unknown>;
  for (;;) {
    const key = random.pick([...Object.keys(at), ...(Array.isArray(at) ? [] : ['extra'])]);
    const child = at[key];
    if (
      typeof child === 'object' &&
      child !== null &&
      Object.keys(child).length > 0 &&
      random.uniform() < 0.85
    ) {
      at = child as Record<string, unknown>;
    } else if (random.uniform() < 0.2) {
      delete at[key];
      return;
    } else {
      at[key] = value;
      return;
    }
  }
}

/** The small model with changes: `nodes` by name (undefined removes a field), `tensors` by name (undefined removes one). */
function changed(changes: {
  readonly node?: readonly [name: string, fields: Readonly<Record<string, unknown>>];
  readonly graph?: Partial<Graph>;
  readonly tensors?: Readonly<Record<string, Tensor | undefined>>;
}): ModelDefinition {
  const model = smallModel();
  const tensors = new Map(model.tensors);
  for (const [name, tensor] of Object.entries(changes.tensors ?? {})) {
    if (tensor) tensors.set(name, tensor);
    else tensors.delete(name);
  }
  const nodes = model.graph.nodes.map((node) =>
    node.name === changes.node?.[0] ? ({ ...node, ...changes.node[1] } as GraphNode) : node,
  );
  return { ...model, graph: { ...model.graph, nodes, ...changes.graph }, tensors };
}

describe('the shapes of a definition', () => {
  const scales = (...values: number[]): Tensor => ({
    dtype: 'F32',
    shape: [values.length],
    data: new Float32Array(values),
  });
  const embedding = smallModel().graph.nodes[0]!;
  const head = smallModel().graph.nodes[2]!;

  it('are inferred', () => {
    const { sizes, hidden } = inferShapes(smallModel());
    expect(Object.fromEntries(sizes)).toEqual({ tokens: 5, embedding: 3, gru: 2, head: 5 });
    expect(Object.fromEntries(hidden)).toEqual({ gru: 2 });
  });

  it.each<[type: string, gates: number, fields: Readonly<Record<string, unknown>>]>([
    ['rnn', 1, { nonlinearity: 'relu' }],
    ['lstm', 4, {}],
    ['gru', 3, { resetAfter: false }],
  ])('of %s have %i times the hidden size as rows', (type, gates, fields) => {
    const tensors = { weight_ih: 'ih', weight_hh: 'hh', bias_hh: 'b' };
    const model = (rows: number): ModelDefinition => ({
      graph: {
        inputs: [{ name: 'x', kind: 'features', size: 7 }],
        outputs: [{ name: 'y', from: 'softmax' }],
        nodes: [
          { name: 'cell', type, input: 'x', tensors, ...fields } as unknown as GraphNode,
          { name: 'softmax', type: 'activation', input: 'cell', activation: 'softmax' },
        ],
      },
      tensors: new Map([
        ['ih', float32([rows, 7])],
        ['hh', float32([rows, 5])],
        ['b', float32([rows])],
      ]),
    });
    expect(Object.fromEntries(inferShapes(model(gates * 5)).sizes)).toEqual({ x: 7, cell: 5, softmax: 5 });
    expect(refusal(() => inferShapes(model(gates * 5 + 1))).code).toBe('wrong-shape');
    expect(parseModelFile(serializeModel(model(gates * 5))).graph).toEqual(model(gates * 5).graph);
  });

  it('an embedding may be int8', () => {
    const tensors = { 'embedding.weight': int8([5, 3]), 'embedding.weight.scale': scales(1, 2, 3, 0, 5) };
    expect(inferShapes(changed({ tensors })).sizes.get('embedding')).toBe(3);
  });

  it.each<[string, ModelDefinition, RegExp]>([
    [
      'a missing tensor',
      changed({ tensors: { 'gru.weight_hh': undefined } }),
      /^missing-tensor: node "gru": weight_hh names the tensor "gru.weight_hh"/,
    ],
    [
      'a missing bias',
      changed({ tensors: { 'head.bias': undefined } }),
      /^missing-tensor: node "head": bias /,
    ],
    [
      'a missing scale',
      changed({ tensors: { 'head.weight.scale': undefined } }),
      /^missing-tensor: node "head": weight "head.weight" is I8, .*"head.weight.scale", F32 \[5\]/,
    ],
    [
      'columns',
      changed({ tensors: { 'gru.weight_ih': float32([6, 4]) } }),
      /^wrong-shape: node "gru": weight_ih "gru.weight_ih": expected \[6, 3\], got \[6, 4\]/,
    ],
    [
      'rows that are no gates',
      changed({ tensors: { 'gru.weight_hh': float32([8, 2]) } }),
      /^wrong-shape: .*weight_hh.*expected \[6, 2\], got \[8, 2\]/,
    ],
    [
      'a vector as matrix',
      changed({ tensors: { 'gru.weight_hh': float32([6]) } }),
      /^wrong-shape: .*expected \[3\*hidden, hidden\], got \[6\]/,
    ],
    [
      'a bias of another length',
      changed({ tensors: { 'head.bias': float32([4]) } }),
      /^wrong-shape: node "head": bias "head.bias": expected \[5\], got \[4\]/,
    ],
    [
      'a bias as matrix',
      changed({ tensors: { 'head.bias': float32([5, 1]) } }),
      /^wrong-shape: .*got \[5, 1\]/,
    ],
    [
      'scales of another length',
      changed({ tensors: { 'head.weight.scale': scales(1, 1) } }),
      /^wrong-shape: .*scale "head.weight.scale": expected \[5\], got \[2\]/,
    ],
    [
      'a negative scale',
      changed({ tensors: { 'head.weight.scale': scales(1, 1, -1, 1, 1) } }),
      /^invalid-file: .*"head.weight.scale"\[2\] .* got -1/,
    ],
    [
      'a NaN as scale',
      changed({ tensors: { 'head.weight.scale': scales(1, NaN, 1, 1, 1) } }),
      /^non-finite-weight: .*\[1\] .* got NaN/,
    ],
    [
      'an infinite scale',
      changed({ tensors: { 'head.weight.scale': scales(1, 1, 1, 1, Infinity) } }),
      /^non-finite-weight: .*\[4\] .* got Infinity/,
    ],
    [
      'int8 scales',
      changed({ tensors: { 'head.weight.scale': int8([5]) } }),
      /^not-supported: .*scale .* must be F32, got I8/,
    ],
    [
      'an int8 bias',
      changed({ tensors: { 'head.bias': int8([5]) } }),
      /^not-supported: .*bias .* must be F32, got I8/,
    ],
    [
      'an embedding with fewer rows',
      changed({ tensors: { 'embedding.weight': float32([4, 3]) } }),
      /^wrong-shape: node "embedding": .*expected \[5, size\], got \[4, 3\]/,
    ],
    [
      'an embedding with more rows',
      changed({ tensors: { 'embedding.weight': float32([6, 3]) } }),
      /^wrong-shape: .*got \[6, 3\]/,
    ],
    [
      'a node of size 0',
      changed({
        tensors: {
          'head.weight': float32([0, 2]),
          'head.weight.scale': undefined,
          'head.bias': float32([0]),
        },
      }),
      /^wrong-shape: node "head": .*size 0/,
    ],
    [
      'a node too large',
      changed({
        tensors: {
          'embedding.weight': { dtype: 'F32', shape: [5, 65537], data: new Float32Array(5 * 65537) },
        },
      }),
      /^wrong-shape: node "embedding": .*size 65537/,
    ],
    [
      'an input too large',
      changed({ graph: { inputs: [{ name: 'tokens', kind: 'tokens', size: 65537 }] } }),
      /^invalid-graph: graph: inputs\[0\]: field "size" .* 65536, got 65537/,
    ],
    [
      'an unused tensor',
      changed({ tensors: { extra: float32([1]) } }),
      /^invalid-file: no node uses the tensor "extra"/,
    ],
    [
      'a scale of a float32 matrix',
      changed({ tensors: { 'gru.weight_hh.scale': float32([6]) } }),
      /^invalid-file: no node uses the tensor "gru.weight_hh.scale"/,
    ],
    [
      'data that does not fill its shape',
      changed({ tensors: { 'head.bias': { ...float32([4]), shape: [5] } as Tensor } }),
      /^wrong-shape: tensor "head.bias": its shape \[5\] .* 4 elements/,
    ],
    [
      'data of another dtype',
      changed({ tensors: { 'head.bias': { ...int8([5]), dtype: 'F32' } as unknown as Tensor } }),
      /^invalid-argument: tensor "head.bias" .* got "F32" with Int8Array/,
    ],
    [
      'an unknown type',
      changed({ node: ['gru', { type: 'mgu' }] }),
      /^invalid-graph: node "gru": unknown type "mgu"; known are embedding, dense/,
    ],
    [
      'a type of Object.prototype',
      changed({ node: ['gru', { type: 'constructor' }] }),
      /^invalid-graph: node "gru": unknown type/,
    ],
    [
      'a missing field',
      changed({ node: ['gru', { resetAfter: undefined }] }),
      /^invalid-graph: node "gru": field "resetAfter" must be true or false, got nothing/,
    ],
    [
      'a wrong kind',
      changed({ node: ['gru', { resetAfter: 1 }] }),
      /^invalid-graph: node "gru": field "resetAfter" .* got 1/,
    ],
    [
      'an unknown field',
      changed({ node: ['gru', { directon: 'both' }] }),
      /^invalid-graph: node "gru": unknown field "directon"/,
    ],
    [
      'an unknown role',
      changed({ node: ['head', { tensors: { weight: 'head.weight', weight_hh: 'x' } }] }),
      /^invalid-graph: node "head": field "tensors": unknown field "weight_hh"/,
    ],
    [
      'a role that is no name',
      changed({ node: ['head', { tensors: { weight: 3 } }] }),
      /^invalid-graph: node "head": field "tensors": field "weight" .* got 3/,
    ],
    [
      'an unknown activation',
      changed({ node: ['head', { activation: 'gelu' }] }),
      /^invalid-graph: node "head": field "activation" must be one of .* got "gelu"/,
    ],
    [
      'a node without a name',
      changed({ node: ['head', { name: '' }] }),
      /^invalid-graph: graph: nodes\[2\]: field "name"/,
    ],
    [
      'a node that reads itself',
      changed({ node: ['gru', { input: 'gru' }] }),
      /^invalid-graph: node "gru" reads "gru", which does not come before it/,
    ],
    [
      'a node that reads a later one',
      changed({ node: ['gru', { input: 'head' }] }),
      /^invalid-graph: node "gru" reads "head", which does not come before it/,
    ],
    [
      'a node that reads nothing known',
      changed({ node: ['gru', { input: 'x' }] }),
      /^invalid-graph: node "gru" reads "x", which is neither/,
    ],
    [
      'a dense node that reads tokens',
      changed({ node: ['head', { input: 'tokens' }] }),
      /^invalid-graph: node "head": dense reads a vector, but "tokens" is an input of tokens/,
    ],
    [
      'an embedding that reads a vector',
      changed({ graph: { inputs: [{ name: 'tokens', kind: 'features', size: 5 }] } }),
      /^invalid-graph: node "embedding": embedding reads an input of tokens, but/,
    ],
    [
      'two nodes of one name',
      changed({ graph: { nodes: [embedding, embedding] } }),
      /^invalid-graph: node "embedding": .* already has this name/,
    ],
    [
      'a node with the name of an input',
      changed({ graph: { nodes: [{ ...embedding, name: 'tokens' }] } }),
      /^invalid-graph: node "tokens": .* already has this name/,
    ],
    [
      'two inputs of one name',
      changed({ graph: { inputs: [...smallModel().graph.inputs, ...smallModel().graph.inputs] } }),
      /^invalid-graph: .*two inputs .*"tokens"/,
    ],
    ['no output', changed({ graph: { outputs: [] } }), /^invalid-graph: .*at least one output/],
    [
      'an output from no node',
      changed({ graph: { outputs: [{ name: 'y', from: 'x' }] } }),
      /^invalid-graph: output "y" is from "x", which is no node/,
    ],
    [
      'an output from an input',
      changed({ graph: { outputs: [{ name: 'y', from: 'tokens' }] } }),
      /^invalid-graph: output "y" is from "tokens"/,
    ],
    [
      'two outputs of one name',
      changed({
        graph: {
          outputs: [
            { name: 'y', from: 'gru' },
            { name: 'y', from: 'head' },
          ],
        },
      }),
      /^invalid-graph: .*two outputs .*"y"/,
    ],
    [
      'a tokenizer of another size',
      { ...smallModel(), tokenizer: { type: 'characters', vocabulary: ['a'] } },
      /^invalid-tokenizer: the tokenizer has 1 characters, but the input "tokens" takes 5/,
    ],
    [
      'a tokenizer without tokens',
      { ...smallModel(), ...featuresOnly(head) },
      /^invalid-tokenizer: .* no input of tokens/,
    ],
    [
      'no definition',
      undefined as unknown as ModelDefinition,
      /^invalid-argument: a model definition must be an object/,
    ],
    [
      'no tensors',
      { graph: smallModel().graph } as ModelDefinition,
      /^invalid-argument: tensors must be a Map/,
    ],
    [
      'no graph',
      { tensors: new Map() } as unknown as ModelDefinition,
      /^invalid-graph: graph: expected an object, got nothing/,
    ],
  ])('refused: %s', (_name, definition, message) => {
    expect(refusalText(() => inferShapes(definition))).toMatch(message);
    expect(refusalText(() => serializeModel(definition))).toMatch(message);
  });
});

/** A graph of the head alone, on features. */
function featuresOnly(head: GraphNode): Pick<ModelDefinition, 'graph' | 'tensors'> {
  const tensors = smallModel().tensors;
  const names = ['head.weight', 'head.weight.scale', 'head.bias'];
  return {
    graph: {
      inputs: [{ name: 'x', kind: 'features', size: 2 }],
      outputs: [{ name: 'y', from: 'head' }],
      nodes: [{ ...head, input: 'x' } as GraphNode],
    },
    tensors: new Map(names.map((name) => [name, tensors.get(name)!])),
  };
}
