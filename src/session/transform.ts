import type { StepInput } from './options.ts';
import type { Session } from './session.ts';

/** Web Streams around `step`; an input that is refused errors the stream, and the session stays as it was. */
export function transformStream(session: Session): TransformStream<StepInput, Float32Array> {
  return new TransformStream<StepInput, Float32Array>({
    transform(input, controller) {
      controller.enqueue(session.step(input));
    },
  });
}
