import type { Importer } from './conversion.ts';
import { kerasArchive } from './keras/archive.ts';
import { kerasH5 } from './keras/h5.ts';
import { nam } from './nam/index.ts';
import { onnx } from './onnx/index.ts';
import { pytorch } from './pytorch/index.ts';
import { rnnoise } from './rnnoise/importer.ts';
import { tfjs } from './tfjs/importer.ts';
import { tflite } from './tflite/index.ts';

/** The formats that can be read; the first that recognizes its files reads them. */
export const IMPORTERS: readonly Importer[] = [
  onnx,
  pytorch,
  kerasH5,
  kerasArchive,
  tfjs,
  tflite,
  nam,
  rnnoise,
];
