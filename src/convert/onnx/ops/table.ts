import type { Operator } from '../operator.ts';
import { activations } from './activations.ts';
import { convolutions } from './convolution.ts';
import { elementwise } from './elementwise.ts';
import { gathering } from './gather.ts';
import { movements } from './movements.ts';
import { norms } from './norms.ts';
import { padding } from './pad.ts';
import { products } from './products.ts';
import { quantized } from './quantized.ts';
import { recurrent } from './recurrent/table.ts';
import { reductions } from './reductions.ts';
import { shapes } from './shapes.ts';

/** By the operator's name, behind its domain where that is not ONNX's own: `com.microsoft.DynamicQuantizeLSTM`. */
export const OPERATORS: Readonly<Record<string, Operator>> = {
  ...products,
  ...elementwise,
  ...activations,
  ...convolutions,
  ...norms,
  ...reductions,
  ...movements,
  ...recurrent,
  ...padding,
  ...gathering,
  ...shapes,
  ...quantized,
};
