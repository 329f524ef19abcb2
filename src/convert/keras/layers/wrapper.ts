import { RivuletError, show } from '../../../errors.ts';
import { refuseCustom } from '../config.ts';
import { inputOf, type Layer, type LayerContext } from './context.ts';
import { wrapped } from './recurrent.ts';

/** TimeDistributed: a layer at every timestep, which sees no time. */
export function timeDistributed(layerOf: (className: string) => Layer | undefined): Layer {
  return (context) => {
    const { place } = context;
    const { className, fields, options } = wrapped(context, 'layer');
    const layer = layerOf(className);
    if (layer === undefined) {
      throw new RivuletError(
        'unsupported-operator',
        `${place}: its layer is ${show(className)}; supported are layers that give one value for one, within a timestep`,
      );
    }
    refuseCustom(context.name, className, fields);
    const outer = inputOf(context);
    if (outer.time !== 'each')
      throw new RivuletError(
        'unsupported-operator',
        `${place}: it reads ${show(outer.from)}, which is no sequence`,
      );
    const inner: LayerContext = { ...context, className, options, inputs: [{ ...outer, time: 'none' }] };
    const flow = layer(inner);
    options.refuseOthers();
    return { ...flow, time: outer.time, reversed: outer.reversed };
  };
}
