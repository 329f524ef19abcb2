import { Random } from '../../reference/random.ts';
import { mutateFile } from '../file-mutants.ts';
import { mutateText } from '../json-mutants.ts';
import { mutateArchive, mutateJson } from './archive-mutants.ts';
import { mutateBytes } from './byte-mutants.ts';
import { mutateProtobuf } from './protobuf-mutants.ts';
import type { FuzzedFormat, Sample } from './samples.ts';

/** Mutant number `index` of a seed: two of three change what the format is made of, the others bytes of any kind. */
export function mutateSample(
  format: FuzzedFormat,
  samples: readonly Sample[],
  seed: number,
  index: number,
): Sample {
  const random = new Random(Math.imul(seed, 0x85ebca6b) + index);
  const sample = random.pick(samples);
  const changed = random.integer(0, sample.files.length);
  const files = sample.files.map((file, i) => {
    if (i !== changed) return file;
    const mutate = index % 3 === 0 ? mutateBytes : (STRUCTURES[format] ?? mutateBytes);
    return { ...file, bytes: mutate(file.bytes, random) };
  });
  return { ...sample, files };
}

type Mutate = (bytes: Uint8Array, random: Random) => Uint8Array;

/** HDF5 and flatbuffers are addresses and sizes: changes of words are theirs. */
const STRUCTURES: Readonly<Partial<Record<FuzzedFormat, Mutate>>> = {
  onnx: mutateProtobuf,
  pytorch: (bytes, random) => mutateFile([bytes], random.bits(), 0),
  keras: mutateArchive,
  npz: mutateArchive,
  tfjs: mutateModelJson,
  nam: mutateModelJson,
};

function mutateModelJson(bytes: Uint8Array, random: Random): Uint8Array {
  if (bytes[0] !== '{'.charCodeAt(0)) return mutateBytes(bytes, random);
  if (random.uniform() < 0.9) return mutateJson(bytes, random);
  return new TextEncoder().encode(mutateText(new TextDecoder().decode(bytes), random));
}
