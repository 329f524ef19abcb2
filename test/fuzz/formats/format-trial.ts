import type { Conversion } from '../../../src/convert/conversion.ts';
import { convert } from '../../../src/convert/index.ts';
import { RivuletError } from '../../../src/errors.ts';
import { serializeModel } from '../../../src/formats/model-file.ts';
import { parseNpz } from '../../../tools/cli/npz/npz.ts';
import { FileTrial } from '../file-trial.ts';
import type { FuzzedFormat, Sample } from './samples.ts';

/** Converts files of any bytes. Each is refused with a RivuletError, or becomes a model that loads and runs. */
export class FormatTrial {
  readonly #files: FileTrial;
  readonly #format: FuzzedFormat;

  constructor(format: FuzzedFormat, module: WebAssembly.Module) {
    this.#format = format;
    this.#files = new FileTrial(module);
  }

  /**
   * `refused: CODE`, `loading: CODE` where the model has weights that no model may have, or `accepted`.
   *
   * @throws Error where something else happens
   */
  async try({ files, options }: Sample): Promise<string> {
    let conversion: Conversion | undefined;
    try {
      if (this.#format === 'npz') parseNpz(files[0]!.bytes);
      else conversion = await convert(files, { ...options, from: this.#format });
    } catch (error) {
      if (error instanceof RivuletError) return `refused: ${error.code}`;
      throw error;
    }
    if (conversion === undefined) return 'accepted';
    const outcome = this.#files.try(serializeModel(conversion.definition));
    return outcome === 'accepted' ? outcome : outcome.replace('model:', 'loading:');
  }
}
