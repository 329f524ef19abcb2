// Blocks of linear memory from `heapStart` on: first fit, 64-byte aligned, the records outside the blocks.
//
// AssemblyScript's own allocator takes all memory from a compile-time constant on, doubles it when it grows and traps
// when it cannot; this one can live above a plan that a tool placed in a data segment, and answers 0.

const ALIGNMENT: usize = 64;
const PAGE: usize = 65536;
const RECORD: usize = 8; // a used block: (address, bytes), sorted by address
const FIRST_CAPACITY: i32 = 64;
const FIRST_RECORDS: usize = memory.data(512);

/** Where blocks begin; 0 stands for the end of the module's static data. Set it before the first allocation. */
export let heapStart: usize = 0;

let records: usize = FIRST_RECORDS;
let capacity: i32 = FIRST_CAPACITY;
let used: i32 = 0;

/** A block of at least `bytes`, its contents undefined; 0 where memory cannot grow so far. */
export function allocate(bytes: usize): usize {
  if (used == capacity - 1 && !moreRecords()) return 0;
  return place(bytes);
}

/** Gives a block back. An address that is no block's is ignored. */
export function free(address: usize): void {
  for (let i = 0; i < used; i++) {
    const record = records + <usize>i * RECORD;
    if (load<usize>(record) == address) {
      memory.copy(record, record + RECORD, <usize>(used - i - 1) * RECORD);
      used--;
      return;
    }
  }
}

/** Doubles the table of records; the new one is a block itself and takes the place that was kept for it. */
function moreRecords(): bool {
  const table = place(<usize>capacity * RECORD * 2);
  if (!table) return false;
  memory.copy(table, records, <usize>used * RECORD);
  const old = records;
  records = table;
  capacity *= 2;
  free(old);
  return true;
}

function place(bytes: usize): usize {
  if (bytes > 0xffff0000) return 0;
  const size = aligned(max<usize>(bytes, 1));
  let at = aligned(heapStart ? heapStart : __heap_base), i = 0;
  for (; i < used; i++) {
    const record = records + <usize>i * RECORD, address = load<usize>(record);
    if (address - at >= size) break;
    at = address + load<usize>(record, 4);
  }
  // behind a block that ends with the 4 GiB of the address space, `at` is 0
  if (i == used && (at == 0 || !reach(at, size))) return 0;
  const record = records + <usize>i * RECORD;
  memory.copy(record + RECORD, record, <usize>(used - i) * RECORD);
  store<usize>(record, at);
  store<usize>(record, size, 4);
  used++;
  return at;
}

/** Grows memory by what is needed to hold [at, at + size). */
function reach(at: usize, size: usize): bool {
  const pages = <i64>((<u64>at + <u64>size + 0xffff) >> 16) - memory.size();
  return pages <= 0 || memory.grow(<i32>pages) >= 0;
}

function aligned(n: usize): usize {
  return (n + (ALIGNMENT - 1)) & ~(ALIGNMENT - 1);
}
