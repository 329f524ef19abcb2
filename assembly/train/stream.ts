// A stream that is learnt from as it comes, in windows that may overlap: BPTT(h; h') of Williams & Peng (1990), which each
// h' timesteps goes back through the last h of them.

import { copyRows } from '../memory/copy';
import { countOf, entry } from '../plan/image';
import { stateAddress } from '../plan/session';
import { Header, StateEntry } from '../shared/plan';
import { enterChunk, keepStatesBefore, takeStatesBefore } from './chunk';
import { tapePanel } from './needs';
import { tapeAddress } from './records';
import { Trainer } from './trainer';

/**
 * The streams back to where they were before `timestep` of the last window, 0 … that of its last: there the next one
 * begins. Of a plan without a backward direction, whose chunks all keep their tapes.
 */
export function trainerRewind(at: usize, timestep: i32): void {
  const trainer = changetype<Trainer>(at), index = timestep / trainer.chunk;
  enterChunk(at, index);
  takeStatesFromTape(trainer, timestep - index * trainer.chunk);
  keepStatesBefore(trainer, 0);
  enterChunk(at, 0);
  takeStatesBefore(trainer, 0);
}

function takeStatesFromTape(trainer: Trainer, timestep: i32): void {
  const panel = <usize>trainer.rows << 6, before = <usize>timestep * panel;
  for (let i: u32 = 0; i < countOf(trainer.plan, Header.States); i++) {
    const state = entry(trainer.plan, Header.States, i), size = load<u32>(state, StateEntry.Size);
    const tape = tapeAddress(trainer, i) + before, to = stateAddress(trainer.session, i);
    copyRows(tape, tapePanel(trainer, load<u32>(state, StateEntry.Section)), to, panel, size, trainer.rows);
  }
}
