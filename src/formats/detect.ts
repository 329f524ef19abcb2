import { RivuletError } from '../errors.ts';

const PYTORCH_CONVERSION =
  'it is a pickle, which may run code when it is opened, so it is not read here; where you trust it, convert it:\n' +
  `python -c "import torch, safetensors.torch as s; s.save_file({k: v.contiguous() for k, v in torch.load('model.pt', map_location='cpu', weights_only=True).items()}, 'model.safetensors')"`;

/** What a file is instead of safetensors: how it is recognised, its name, what to do. */
interface Foreign {
  readonly name: string;
  readonly advice: string;
  matches(bytes: Uint8Array): boolean;
}

const TO_SAFETENSORS = 'save its weights as safetensors';
const CONVERSION = 'convert it: rivulet convert FILE -o model.safetensors';

const FOREIGN: readonly Foreign[] = [
  {
    name: 'an empty one',
    advice: 'was it written or downloaded completely?',
    matches: (bytes) => bytes.length === 0,
  },
  {
    name: 'a NumPy archive (.npz)',
    advice: TO_SAFETENSORS,
    matches: (bytes) => isZip(bytes) && zipEntryName(bytes).endsWith('.npy'),
  },
  {
    name: 'a Keras archive (.keras)',
    advice: CONVERSION,
    matches: (bytes) => isZip(bytes) && /^(metadata|config)\.json$|\.weights\.h5$/.test(zipEntryName(bytes)),
  },
  { name: 'a PyTorch file (.pt, .pth)', advice: PYTORCH_CONVERSION, matches: isZip },
  {
    name: 'a Python pickle, as PyTorch wrote until 1.6',
    advice: PYTORCH_CONVERSION,
    // The opcode PROTO and the protocols that have it.
    matches: (bytes) => bytes[0] === 0x80 && isBetween(bytes[1], 2, 5),
  },
  { name: 'an HDF5 file (Keras .h5)', advice: CONVERSION, matches: startsWith('\x89HDF\r\n\x1a\n') },
  { name: 'compressed with gzip', advice: 'decompress it first', matches: startsWith('\x1f\x8b') },
  { name: 'a NumPy array (.npy)', advice: TO_SAFETENSORS, matches: startsWith('\x93NUMPY') },
  { name: 'a GGUF file', advice: TO_SAFETENSORS, matches: startsWith('GGUF') },
  {
    name: 'a TensorFlow Lite file',
    advice: CONVERSION,
    matches: (bytes) => startsWith('TFL3')(bytes.subarray(4)),
  },
  {
    name: 'an ONNX model',
    advice: CONVERSION,
    // A protobuf whose first field is ir_version, then producer_name, domain, model_version or the graph.
    matches: (bytes) =>
      bytes[0] === 0x08 &&
      isBetween(bytes[1], 1, 20) &&
      [0x12, 0x1a, 0x22, 0x28, 0x3a].includes(bytes[2] ?? 0),
  },
  {
    name: 'a pointer of Git LFS, not the file itself',
    advice: 'run git lfs pull',
    matches: startsWith('version https://git-lfs'),
  },
  {
    name: 'a page of HTML or XML, perhaps an error page of a server',
    advice: 'check the address it came from',
    matches: (bytes) => /^(\xef\xbb\xbf)?\s*<[!?a-z]/i.test(latin1(bytes.subarray(0, 64))),
  },
  {
    name: 'JSON text',
    advice:
      'a model is a safetensors file; rivulet convert makes one of a model of TF.js or Neural Amp Modeler',
    matches: (bytes) => /^\s*[{[]/.test(latin1(bytes.subarray(0, 64))),
  },
];

/**
 * Refuses what is recognisably another kind of file, with the way to convert it. Everything else passes:
 * whether it is a safetensors file is for the parser to say.
 *
 * @throws RivuletError `unsupported-format`
 */
export function refuseForeign(bytes: Uint8Array): void {
  if (looksLikeSafetensors(bytes)) return;
  const foreign = FOREIGN.find(({ matches }) => matches(bytes));
  if (foreign === undefined) return;
  throw new RivuletError(
    'unsupported-format',
    `this file is ${foreign.name}, where safetensors was expected; ${foreign.advice}`,
  );
}

/**
 * A length may begin with any two bytes, a gzip's or a pickle's too, so the rest of the prefix decides first.
 */
function looksLikeSafetensors(bytes: Uint8Array): boolean {
  return (
    bytes[8] === '{'.charCodeAt(0) && bytes[4] === 0 && bytes[5] === 0 && bytes[6] === 0 && bytes[7] === 0
  );
}

function isZip(bytes: Uint8Array): boolean {
  return startsWith('PK\x03\x04')(bytes);
}

/** The name in the local header of the first entry. */
function zipEntryName(bytes: Uint8Array): string {
  const length = (bytes[26] ?? 0) + 256 * (bytes[27] ?? 0);
  return latin1(bytes.subarray(30, 30 + length));
}

function startsWith(prefix: string): (bytes: Uint8Array) => boolean {
  return (bytes) => latin1(bytes.subarray(0, prefix.length)) === prefix;
}

function isBetween(value: number | undefined, low: number, high: number): boolean {
  return value !== undefined && value >= low && value <= high;
}

function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
}
