// A plan comes from outside and is executed through raw pointers: here, once, every count, offset, size, code and the
// int8 overflow bound are checked, so that nothing that runs later can leave the plan and its session.

import { columnsOf } from '../memory/op-record';
import { InputKind, SectionKind, Status } from '../shared/codes';
import { BufferEntry, Header, InputEntry, OutputEntry, PlanFormat, SectionEntry, StateEntry } from '../shared/plan';
import { countOf, entry, offsetOf, opEntry } from './image';
import { isConstant, isPrivate, isSize, isWidth } from './operands';
import { checkOp } from './validate-op';

/** The number of the op, buffer, state, input or output that validate() refused. */
export let refusedIndex: i32 = -1;

/** Answers Status.Ok where the `bytes` bytes at `plan` are a plan that is safe to run. */
export function validate(plan: usize, bytes: u32): i32 {
  refusedIndex = -1;
  let status = checkHeader(plan, bytes);
  if (status == Status.Ok) status = checkBuffers(plan);
  if (status == Status.Ok) status = checkStates(plan);
  if (status == Status.Ok) status = checkInputs(plan);
  if (status == Status.Ok) status = checkOutputs(plan);
  if (status == Status.Ok) status = checkOps(plan);
  return status;
}

/** The tables follow each other without holes, so every offset is known from the counts. */
function checkHeader(plan: usize, bytes: u32): i32 {
  if (bytes < <u32>PlanFormat.HeaderBytes || bytes > 0x40000000 || plan & 15) return Status.BadHeader;
  if (load<u32>(plan, Header.Magic) != PlanFormat.Magic) return Status.BadHeader;
  if (load<u32>(plan, Header.Version) != PlanFormat.Version) return Status.BadHeader;
  if (load<u32>(plan, Header.ByteLength) != bytes || load<u32>(plan, 12) != 0) return Status.BadHeader;
  if (countOf(plan, Header.Private) > 0x40000000 || offsetOf(plan, Header.Private) != 0) return Status.BadHeader;
  for (let i: usize = Header.Private + 8; i < <usize>PlanFormat.HeaderBytes; i += 8) {
    if (load<u64>(plan + i) != 0) return Status.BadHeader;
  }
  let at: u32 = PlanFormat.HeaderBytes;
  for (let table: usize = Header.Sections; table < <usize>Header.Constants; table += 8) {
    const count = countOf(plan, table);
    if (count > <u32>PlanFormat.MaxEntries || offsetOf(plan, table) != at) return Status.BadTable;
    at += count * (table == Header.Ops ? PlanFormat.OpBytes : PlanFormat.EntryBytes);
    if (at > bytes) return Status.BadTable;
  }
  // of the constants: (bytes, offset)
  if (offsetOf(plan, Header.Constants) != at || countOf(plan, Header.Constants) != bytes - at) return Status.BadTable;
  return checkSections(plan);
}

/** One or two ranges of ops, which follow each other and hold all of them. */
function checkSections(plan: usize): i32 {
  const count = countOf(plan, Header.Sections), ops = countOf(plan, Header.Ops);
  if (count < 1 || count > 2) return Status.BadSection;
  let first: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const section = entry(plan, Header.Sections, i), opCount = load<u32>(section, SectionEntry.OpCount);
    if (load<u32>(section, SectionEntry.FirstOp) != first || opCount == 0 || opCount > ops - first) return Status.BadSection;
    if (load<u64>(section, 8) != 0) return Status.BadSection;
    first += opCount;
  }
  return first == ops ? Status.Ok : Status.BadSection;
}

/** Whether entry `at` has, at `offset`, the number of a section that the plan has. */
function inSection(plan: usize, at: usize, offset: usize): bool {
  return load<u32>(at + offset) < countOf(plan, Header.Sections);
}

function checkBuffers(plan: usize): i32 {
  for (let i: u32 = 0; i < countOf(plan, Header.Buffers); i++) {
    refusedIndex = i;
    const buffer = entry(plan, Header.Buffers, i);
    const columns = load<u32>(buffer, BufferEntry.Columns), kind = load<u32>(buffer, BufferEntry.Kind);
    const fits = kind == InputKind.Tokens ? columns == 1 : kind == InputKind.Features && isWidth(columns);
    if (!fits || !inSection(plan, buffer, BufferEntry.Section) || load<u32>(buffer, 12) != 0) return Status.BadBuffer;
  }
  return Status.Ok;
}

function checkStates(plan: usize): i32 {
  for (let i: u32 = 0; i < countOf(plan, Header.States); i++) {
    refusedIndex = i;
    const state = entry(plan, Header.States, i);
    const size = load<u32>(state, StateEntry.Size), initial = load<u32>(state, StateEntry.Initial);
    if (!isSize(size) || !inSection(plan, state, StateEntry.Section) || load<u32>(state, 12) != 0) return Status.BadState;
    if (initial != 0 && !isConstant(plan, initial, <u64>columnsOf(size) * 4)) return Status.BadState;
  }
  return Status.Ok;
}

function checkInputs(plan: usize): i32 {
  let section: u32 = SectionKind.Main;
  for (let i: u32 = 0; i < countOf(plan, Header.Inputs); i++) {
    refusedIndex = i;
    const input = entry(plan, Header.Inputs, i);
    const index = load<u32>(input, InputEntry.Buffer), kind = load<u32>(input, InputEntry.Kind);
    const size = load<u32>(input, InputEntry.Size);
    if (index >= countOf(plan, Header.Buffers) || !isSize(size) || load<u32>(input, 12) != 0) return Status.BadInput;
    const buffer = entry(plan, Header.Buffers, index);
    if (load<u32>(buffer, BufferEntry.Kind) != kind || load<u32>(buffer, BufferEntry.Section) < section) return Status.BadInput;
    section = load<u32>(buffer, BufferEntry.Section);
    if (kind == InputKind.Features && load<u32>(buffer, BufferEntry.Columns) != columnsOf(size)) {
      return Status.BadInput;
    }
    for (let j: u32 = 0; j < i; j++) {
      if (load<u32>(entry(plan, Header.Inputs, j), InputEntry.Buffer) == index) return Status.BadInput;
    }
  }
  return Status.Ok;
}

function checkOps(plan: usize): i32 {
  const main = load<u32>(entry(plan, Header.Sections, 0), SectionEntry.OpCount);
  for (let i: u32 = 0; i < countOf(plan, Header.Ops); i++) {
    refusedIndex = i;
    // a section has an op that runs in every session
    if ((i == 0 || i == main) && isPrivate(opEntry(plan, i))) return Status.BadOperand;
    const status = checkOp(plan, opEntry(plan, i), i < main ? SectionKind.Main : SectionKind.Encoder);
    if (status != Status.Ok) return status;
  }
  return Status.Ok;
}

function checkOutputs(plan: usize): i32 {
  for (let i: u32 = 0; i < countOf(plan, Header.Outputs); i++) {
    refusedIndex = i;
    const output = entry(plan, Header.Outputs, i), index = load<u32>(output, OutputEntry.Buffer);
    const size = load<u32>(output, OutputEntry.Size);
    if (index >= countOf(plan, Header.Buffers) || !isSize(size) || load<u64>(output, 8) != 0) return Status.BadOutput;
    const buffer = entry(plan, Header.Buffers, index);
    if (load<u32>(buffer, BufferEntry.Kind) != InputKind.Features) return Status.BadOutput;
    if (load<u32>(buffer, BufferEntry.Section) != SectionKind.Main) return Status.BadOutput;
    if (size > load<u32>(buffer, BufferEntry.Columns)) return Status.BadOutput;
  }
  return Status.Ok;
}
