import { PbfReader } from 'pbf';

/** The numbers of the Constant nodes of an ONNX file, by the name behind the last `__` of what they give: views of it. */
export function constantsOf(file: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const constants = new Map<string, Uint8Array>();
  for (const graph of messages(file, 7)) {
    for (const node of messages(graph, 1)) {
      const [output] = messages(node, 2);
      const [attribute] = messages(node, 5);
      const [tensor] = attribute ? messages(attribute, 5) : [];
      const [raw] = tensor ? messages(tensor, 9) : [];
      const name = new TextDecoder().decode(output).split('__').at(-1)!;
      if (raw) constants.set(name, raw);
    }
  }
  return constants;
}

/** What stands in a field of a message, each time that it stands there: bytes, a string or a message. */
function messages(bytes: Uint8Array, field: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  const reader = new PbfReader(bytes);
  reader.readFields((tag, _result, pbf) => {
    if (tag === field) found.push(pbf.readBytes());
  }, null);
  return found;
}
