import { RivuletError, show } from '../errors.ts';
import type { Activation, GraphInput, GraphNode, ModelDefinition } from '../graph/definition.ts';
import { allNodes } from '../graph/reads.ts';
import { inferShapes } from '../graph/validate.ts';
import { createTokenizer, type Tokenizer } from '../text/tokenizer.ts';

/** Where data meets a model that is trained: its only input and its only output. */
export interface Ports {
  readonly input: GraphInput;
  /** What the encoder reads, of a model that has one. */
  readonly source: GraphInput | undefined;
  readonly output: {
    readonly name: string;
    readonly size: number;
    /** The last thing that is done to the output. */
    readonly activation: Activation | undefined;
  };
  readonly tokenizer: Tokenizer | undefined;
}

/** @throws RivuletError `not-supported`, `invalid-argument` (int8 weights), and what `inferShapes` throws */
export function readPorts(definition: ModelDefinition): Ports {
  const { sizes } = inferShapes(definition);
  const { encoder, inputs, outputs, nodes } = definition.graph;
  const [input] = inputs;
  const [output] = outputs;
  if (!input || !output || inputs.length !== 1 || outputs.length !== 1) {
    throw new RivuletError(
      'not-supported',
      `training is for models with one input and one output; this one has ${inputs.length} and ${outputs.length}`,
    );
  }
  if (encoder && encoder.inputs.length !== 1) {
    throw new RivuletError(
      'not-supported',
      `training is for encoders with one input; this one has ${encoder.inputs.length}`,
    );
  }
  const quantized = [...definition.tensors].find(([, { dtype }]) => dtype === 'I8');
  if (quantized) {
    throw new RivuletError(
      'invalid-argument',
      `tensor ${show(quantized[0])} is int8, which has no gradient: train the float32 model and quantize the result, ` +
        'as fineTune does',
    );
  }
  requireTensorsOfTheirOwn(allNodes(definition.graph));
  const last: GraphNode = nodes.find(({ name }) => name === output.from)!;
  return {
    input,
    source: encoder?.inputs[0],
    output: {
      name: output.name,
      size: sizes.get(output.from)!,
      activation: 'activation' in last ? last.activation : undefined,
    },
    tokenizer: definition.tokenizer && createTokenizer(definition.tokenizer),
  };
}

/** A gradient belongs to one use of a tensor. */
function requireTensorsOfTheirOwn(nodes: readonly GraphNode[]): void {
  const users = new Map<string, string>();
  for (const node of nodes) {
    for (const name of 'tensors' in node ? Object.values(node.tensors as Record<string, string>) : []) {
      const user = users.get(name);
      users.set(name, node.name);
      if (user === undefined) continue;
      throw new RivuletError(
        'not-supported',
        `tensor ${show(name)} serves ${show(user)} and ${show(node.name)}: training needs a tensor for each use, ` +
          'give one of them a copy',
      );
    }
  }
}
