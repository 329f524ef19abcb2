import binaryen from 'binaryen';

/** Methods that the package has and its types lack. */
interface DataSegments {
  getNumDataSegments(): number;
  getDataSegmentByIndex(index: number): binaryen.DataSegmentRef;
  getDataSegmentInfo(segment: binaryen.DataSegmentRef): { offset: number; data: Uint8Array };
}

export interface BakedModule {
  readonly wasm: Uint8Array<ArrayBuffer>;
  /** Where the plan lies. */
  readonly plan: number;
  /** The initial value of the global of that name. */
  readonly heapStart: number;
}

const PAGE = 65_536;

/** A copy of the inference module that holds a plan as one more data segment, below `heapStart`. */
export function bakePlan(wasm: Uint8Array<ArrayBuffer>, image: Uint8Array): BakedModule {
  const plan = endOfStaticData(wasm);
  const heapStart = Math.ceil((plan + image.length) / 64) * 64;
  const module = binaryen.readBinary(wasm);
  try {
    const segments = [...dataSegments(module), { offset: module.i32.const(plan), data: image }];
    const { initial, max } = module.getMemoryInfo();
    const pages = Math.max(initial, Math.ceil(heapStart / PAGE));
    const memory = exported(module, 'memory');
    module.removeExport('memory'); // setMemory adds it, and refuses a name that is there
    module.setMemory(pages, max ?? -1, 'memory', segments, false, false, memory);
    const global = exported(module, 'heapStart');
    module.removeGlobal(global);
    module.addGlobal(global, binaryen.i32, true, module.i32.const(heapStart));
    return { wasm: module.emitBinary() as Uint8Array<ArrayBuffer>, plan, heapStart };
  } finally {
    module.dispose();
  }
}

/** The first block of a fresh instance begins there. */
function endOfStaticData(wasm: Uint8Array<ArrayBuffer>): number {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasm));
  return (exports as { allocate(bytes: number): number }).allocate(1);
}

function dataSegments(module: binaryen.Module): binaryen.MemorySegment[] {
  const source = module as binaryen.Module & DataSegments;
  return Array.from({ length: source.getNumDataSegments() }, (_, i) => {
    const { offset, data } = source.getDataSegmentInfo(source.getDataSegmentByIndex(i));
    return { offset: module.i32.const(offset), data: new Uint8Array(data) };
  });
}

/** The internal name of an export. */
function exported(module: binaryen.Module, name: string): string {
  return binaryen.getExportInfo(module.getExport(name)).value;
}
