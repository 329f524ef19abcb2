/**
 * The messages of an ONNX file (onnx.proto3), of which only the fields are read that an import needs. The numbers are
 * those of the schema. Bytes stay views of the file; subgraphs, which no supported operator has, are not entered.
 */
import { PbfReader } from 'pbf';
import { RivuletError } from '../../errors.ts';

export interface ModelProto {
  producer: string;
  /** Versions of the operator sets, by domain; '' is ONNX's own. */
  readonly opsets: Map<string, number>;
  graph: GraphProto | undefined;
  /** Functions of the model's own, which no exporter of recurrent models writes. */
  functions: number;
}

export interface GraphProto {
  readonly nodes: NodeProto[];
  readonly initializers: TensorProto[];
  sparseInitializers: number;
  readonly inputs: ValueInfoProto[];
  readonly outputs: ValueInfoProto[];
}

export interface NodeProto {
  /** '' where an optional one is left out. */
  readonly inputs: string[];
  readonly outputs: string[];
  name: string;
  operator: string;
  domain: string;
  readonly attributes: AttributeProto[];
}

/** Which of the fields counts follows from what the operator expects. */
export interface AttributeProto {
  name: string;
  type: number;
  float: number;
  int: number;
  string: string;
  tensor: TensorProto | undefined;
  /** Has a graph, a sparse tensor or something else that no supported operator takes. */
  other: boolean;
  readonly floats: number[];
  readonly ints: number[];
  readonly strings: string[];
}

/** The data of a tensor stands in one of the lists of bytes, as they lie in the file. */
export interface TensorProto {
  name: string;
  readonly dims: number[];
  dataType: number;
  /** raw_data: little-endian. */
  raw: Uint8Array | undefined;
  /** float_data and double_data: little-endian. */
  readonly floats: Uint8Array[];
  readonly doubles: Uint8Array[];
  /** int32_data, int64_data and uint64_data: varints. */
  readonly varints: Uint8Array[];
  external: boolean;
}

export interface ValueInfoProto {
  name: string;
  elementType: number;
  /** A dimension is a size, a name, or undefined where nothing is known. Undefined where there is no shape at all. */
  shape: (number | string | undefined)[] | undefined;
}

type Fields<T> = Readonly<Record<number, (message: T, pbf: PbfReader) => void>>;

const BYTES = 2;

const dimension: Fields<{ size: number | string | undefined }> = {
  1: (dim, pbf) => {
    dim.size = pbf.readVarint(true);
  },
  2: (dim, pbf) => {
    const name = pbf.readString();
    dim.size = name === '' ? undefined : name;
  },
};

const shape: Fields<ValueInfoProto> = {
  1: (info, pbf) => {
    info.shape ??= [];
    info.shape.push(message(pbf, dimension, { size: undefined }).size);
  },
};

const tensorType: Fields<ValueInfoProto> = {
  1: (info, pbf) => {
    info.elementType = pbf.readVarint();
  },
  2: (info, pbf) => {
    info.shape ??= [];
    message(pbf, shape, info);
  },
};

const type: Fields<ValueInfoProto> = { 1: (info, pbf) => message(pbf, tensorType, info) };

const valueInfo: Fields<ValueInfoProto> = {
  1: (info, pbf) => {
    info.name = pbf.readString();
  },
  2: (info, pbf) => message(pbf, type, info),
};

const tensor: Fields<TensorProto> = {
  1: (proto, pbf) => integers(pbf, proto.dims),
  2: (proto, pbf) => {
    proto.dataType = pbf.readVarint();
  },
  4: (proto, pbf) => proto.floats.push(scalarBytes(pbf, 4)),
  5: (proto, pbf) => proto.varints.push(varintBytes(pbf)),
  7: (proto, pbf) => proto.varints.push(varintBytes(pbf)),
  8: (proto, pbf) => {
    proto.name = pbf.readString();
  },
  9: (proto, pbf) => {
    proto.raw = pbf.readBytes();
  },
  10: (proto, pbf) => proto.doubles.push(scalarBytes(pbf, 8)),
  11: (proto, pbf) => proto.varints.push(varintBytes(pbf)),
  13: (proto, pbf) => {
    proto.external = true;
    pbf.skip(pbf.type);
  },
  14: (proto, pbf) => {
    if (pbf.readVarint() !== 0) proto.external = true;
  },
};

const attribute: Fields<AttributeProto> = {
  1: (proto, pbf) => {
    proto.name = pbf.readString();
  },
  2: (proto, pbf) => {
    proto.float = pbf.readFloat();
  },
  3: (proto, pbf) => {
    proto.int = pbf.readVarint(true);
  },
  4: (proto, pbf) => {
    proto.string = pbf.readString();
  },
  5: (proto, pbf) => {
    proto.tensor = message(pbf, tensor, emptyTensor());
  },
  6: other,
  7: (proto, pbf) => {
    const bytes = scalarBytes(pbf, 4);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at + 4 <= bytes.length; at += 4) proto.floats.push(view.getFloat32(at, true));
  },
  8: (proto, pbf) => integers(pbf, proto.ints),
  9: (proto, pbf) => proto.strings.push(pbf.readString()),
  10: other,
  11: other,
  14: other,
  15: other,
  20: (proto, pbf) => {
    proto.type = pbf.readVarint();
  },
  21: other,
  22: other,
  23: other,
};

const node: Fields<NodeProto> = {
  1: (proto, pbf) => proto.inputs.push(pbf.readString()),
  2: (proto, pbf) => proto.outputs.push(pbf.readString()),
  3: (proto, pbf) => {
    proto.name = pbf.readString();
  },
  4: (proto, pbf) => {
    proto.operator = pbf.readString();
  },
  5: (proto, pbf) => {
    const empty = { name: '', type: 0, float: 0, int: 0, string: '', tensor: undefined, other: false };
    proto.attributes.push(message(pbf, attribute, { ...empty, floats: [], ints: [], strings: [] }));
  },
  7: (proto, pbf) => {
    proto.domain = pbf.readString();
  },
};

const graph: Fields<GraphProto> = {
  1: (proto, pbf) => {
    const empty = { inputs: [], outputs: [], name: '', operator: '', domain: '', attributes: [] };
    proto.nodes.push(message(pbf, node, empty));
  },
  5: (proto, pbf) => proto.initializers.push(message(pbf, tensor, emptyTensor())),
  11: (proto, pbf) => proto.inputs.push(message(pbf, valueInfo, emptyInfo())),
  12: (proto, pbf) => proto.outputs.push(message(pbf, valueInfo, emptyInfo())),
  15: (proto, pbf) => {
    proto.sparseInitializers++;
    pbf.skip(pbf.type);
  },
};

const opset: Fields<{ domain: string; version: number }> = {
  1: (id, pbf) => {
    id.domain = pbf.readString();
  },
  2: (id, pbf) => {
    id.version = pbf.readVarint(true);
  },
};

const model: Fields<ModelProto> = {
  2: (proto, pbf) => {
    proto.producer = pbf.readString();
  },
  7: (proto, pbf) => {
    const empty = { nodes: [], initializers: [], sparseInitializers: 0, inputs: [], outputs: [] };
    proto.graph = message(pbf, graph, proto.graph ?? empty);
  },
  8: (proto, pbf) => {
    const { domain, version } = message(pbf, opset, { domain: '', version: 0 });
    proto.opsets.set(domain === 'ai.onnx' ? '' : domain, version);
  },
  25: (proto, pbf) => {
    proto.functions++;
    pbf.skip(pbf.type);
  },
};

/**
 * @param bytes a whole file
 * @throws RivuletError `invalid-file` where it is no protobuf message or ends too early
 */
export function readModel(bytes: Uint8Array): ModelProto {
  // A plain Uint8Array also where it came as a Buffer, whose methods share what others copy.
  const pbf = new PbfReader(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const proto: ModelProto = { producer: '', opsets: new Map(), graph: undefined, functions: 0 };
  try {
    fieldsOf(pbf, model, proto, bytes.length);
  } catch (cause) {
    if (cause instanceof RivuletError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RivuletError('invalid-file', `onnx: the file is damaged at byte ${pbf.pos}: ${reason}`, {
      cause,
    });
  }
  return proto;
}

function emptyTensor(): TensorProto {
  const lists = { dims: [], floats: [], doubles: [], varints: [] };
  return { name: '', dataType: 0, raw: undefined, external: false, ...lists };
}

function emptyInfo(): ValueInfoProto {
  return { name: '', elementType: 0, shape: undefined };
}

/** A message with its length in front. The nesting is that of the tables above, which bounds it. */
function message<T>(pbf: PbfReader, fields: Fields<T>, into: T): T {
  const end = pbf.readVarint() + pbf.pos;
  return fieldsOf(pbf, fields, into, end);
}

function fieldsOf<T>(pbf: PbfReader, fields: Fields<T>, into: T, end: number): T {
  if (end > pbf.length) throw new Error(`a message ends at byte ${end} of ${pbf.length}`);
  for (let field = pbf.nextField(end); field !== 0; field = pbf.nextField(end)) {
    fields[field]?.(into, pbf);
    if (pbf.pos > end) throw new Error(`field ${field} goes beyond its message, which ends at byte ${end}`);
  }
  if (pbf.pos !== end) throw new Error(`a message ends at byte ${end}, its last field elsewhere`);
  return into;
}

function other(proto: AttributeProto, pbf: PbfReader): void {
  proto.other = true;
  pbf.skip(pbf.type);
}

/** A repeated int64, packed or one by one. */
function integers(pbf: PbfReader, into: number[]): void {
  const end = pbf.readPackedEnd();
  if (end > pbf.length) throw new Error(`a list ends at byte ${end} of ${pbf.length}`);
  while (pbf.pos < end) into.push(pbf.readVarint(true));
}

/** The bytes of a repeated number of `size` bytes: all where packed, else those of one. */
function scalarBytes(pbf: PbfReader, size: number): Uint8Array {
  if (pbf.type === BYTES) return bytesOf(pbf);
  const start = pbf.pos;
  pbf.pos += size;
  return pbf.buf.subarray(start, pbf.pos);
}

function varintBytes(pbf: PbfReader): Uint8Array {
  if (pbf.type === BYTES) return bytesOf(pbf);
  const start = pbf.pos;
  pbf.readVarint();
  return pbf.buf.subarray(start, pbf.pos);
}

function bytesOf(pbf: PbfReader): Uint8Array {
  const end = pbf.readVarint() + pbf.pos;
  if (end > pbf.length) throw new Error(`${end - pbf.pos} bytes at byte ${pbf.pos} of ${pbf.length}`);
  const bytes = pbf.buf.subarray(pbf.pos, end);
  pbf.pos = end;
  return bytes;
}
