import { type AdapterRoom, layersOf, readRoom } from '../../src/adapters/matrices.ts';
import { serializeModel } from '../../src/formats/model-file.ts';
import type { ModelDefinition } from '../../src/graph/definition.ts';
import { placePlan } from '../../src/plan/place.ts';
import { planModel } from '../../src/plan/plan.ts';
import { createRuntimeSync } from '../../src/runtime/create.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { fuzzDefinitions } from './definitions.ts';
import type { FileFuzzData } from './file-worker.ts';
import type { FormatFuzzData } from './formats/format-worker.ts';
import type { FuzzedFormat } from './formats/samples.ts';
import type { PlanFuzzData } from './plan-worker.ts';
import type { SnapshotFuzzData } from './snapshot-worker.ts';

/** What `npm test` does in small and `npm run soak` at length. */
export interface Fuzzer {
  readonly name: 'plan' | 'file' | 'snapshot' | FuzzedFormat;
  /** Path of its worker's source. */
  readonly worker: string;
  /** Its mutants run in a process of their own, since a file may ask for more memory than there is. */
  readonly apart?: true;
  data(module: WebAssembly.Module): unknown;
  /** Whether a mutant with this outcome got past the header, and the share of mutants of which that must hold. */
  pastHeader(outcome: string): boolean;
  readonly leastPastHeader: number;
}

/** The statuses of the plan's header check: magic, version, length, places of the tables, the section. */
const PLAN_HEADER = ['BadHeader', 'BadTable', 'BadSection'];

export const FUZZERS: readonly Fuzzer[] = [
  {
    name: 'plan',
    worker: 'test/fuzz/plan-worker.ts',
    data: (module): PlanFuzzData => ({ module, images: planImages(createRuntimeSync(module)) }),
    pastHeader: (outcome) => !PLAN_HEADER.includes(outcome),
    leastPastHeader: 0.2,
  },
  {
    name: 'file',
    worker: 'test/fuzz/file-worker.ts',
    data: (module): FileFuzzData => ({ module, files: fuzzDefinitions().map(serializeModel) }),
    pastHeader: (outcome) => !outcome.startsWith('header'),
    leastPastHeader: 0.2,
  },
  {
    name: 'snapshot',
    worker: 'test/fuzz/snapshot-worker.ts',
    data: (module): SnapshotFuzzData => ({ module, files: fuzzDefinitions().map(serializeModel) }),
    pastHeader: (outcome) => outcome !== 'header',
    leastPastHeader: 0.2,
  },
];

/** What the importers read, and the recordings that a conversion is compared with. */
const FORMATS: readonly FuzzedFormat[] = [
  'onnx',
  'pytorch',
  'keras-h5',
  'keras',
  'tfjs',
  'tflite',
  'nam',
  'rnnoise',
  'npz',
];

export const FORMAT_FUZZERS = FORMATS.map(
  (format): Fuzzer => ({
    name: format,
    worker: 'test/fuzz/formats/format-worker.ts',
    apart: true,
    data: (): FormatFuzzData => ({ format }),
    pastHeader: (outcome) => !['refused: invalid-file', 'refused: unsupported-format'].includes(outcome),
    leastPastHeader: 0.05,
  }),
);

/** The plan images of all definitions, and with room for adapters of those that can have some. */
export function planImages(runtime: Runtime): Uint8Array[] {
  const definitions = fuzzDefinitions();
  const adapted = definitions.filter((each) => layersOf(each, each.tensors.keys()).length > 0);
  return [
    ...definitions.map((definition) => planImage(runtime, definition)),
    ...adapted.map((definition, i) => planImage(runtime, definition, { rank: [1, 5, 17][i % 3]! })),
  ];
}

/** As it lies in the runtime's memory. */
function planImage(runtime: Runtime, definition: ModelDefinition, room?: AdapterRoom): Uint8Array {
  const plan = planModel(definition, room && readRoom(room, definition));
  const { address, byteLength } = placePlan(runtime, plan, definition);
  const image = runtime.bytes.slice(address, address + byteLength);
  runtime.free(address);
  return image;
}

/** How many mutants got past the header, of how many. */
export function countPastHeader(
  fuzzer: Fuzzer,
  outcomes: Readonly<Record<string, number>>,
): { past: number; all: number } {
  let [past, all] = [0, 0];
  for (const [outcome, count] of Object.entries(outcomes)) {
    all += count;
    if (fuzzer.pastHeader(outcome)) past += count;
  }
  return { past, all };
}
