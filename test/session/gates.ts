import { OpCode } from '../../assembly/shared/codes.ts';
import { Header, OpEntry, PlanFormat } from '../../assembly/shared/plan.ts';
import type { Session } from '../../src/session/session.ts';

/** Where each cell keeps its gates in the plan, in PyTorch's order: LSTM i f g o, GRU r z n. */
const BLOCKS: Readonly<Record<number, readonly number[]>> = {
  [OpCode.Lstm]: [0, 1, 3, 2],
  [OpCode.GruAfter]: [1, 2, 0],
  [OpCode.GruBefore]: [0, 1, 2],
};

/** In an assembly/plan/session.ts Session: the address of the table of buffer addresses. */
const BUFFERS_FIELD = 20;

/** The gates of the last step, after their activations, of every LSTM and GRU layer: [gates*hidden] each. */
export function readGates(session: Session): Float32Array[] {
  const { runtime, plan } = session.model;
  const view = new DataView(runtime.exports.memory.buffer);
  const word = (at: number) => view.getUint32(at, true);
  const ops = plan.address + word(plan.address + Header.Ops + 4);
  const gates: Float32Array[] = [];
  for (let i = 0; i < word(plan.address + Header.Ops); i++) {
    const op = ops + i * PlanFormat.OpBytes;
    const order = BLOCKS[word(op + OpEntry.Code)];
    if (!order) continue;
    const hidden = word(op + OpEntry.N);
    const width = Math.ceil(hidden / PlanFormat.Panel) * PlanFormat.Panel;
    const buffer = word(word(session.address + BUFFERS_FIELD) + 4 * (word(op + OpEntry.Operands) >> 8)) >> 2;
    const layer = new Float32Array(order.length * hidden);
    order.forEach((block, j) => {
      const from = buffer + block * width;
      layer.set(runtime.floats.subarray(from, from + hidden), j * hidden);
    });
    gates.push(layer);
  }
  return gates;
}
