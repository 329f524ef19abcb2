import type { Model } from '../../src/session/model.ts';

/** A copy of a model's plan as it lies in linear memory. It may stand at any address of any host. */
export function planImage({ plan, runtime }: Model): Uint8Array<ArrayBuffer> {
  return runtime.bytes.slice(plan.address, plan.address + plan.byteLength) as Uint8Array<ArrayBuffer>;
}
