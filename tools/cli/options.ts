import { type Command, InvalidArgumentError, Option } from 'commander';

/** The options of every command that opens a model. */
export function withModelOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--build <build>', 'WebAssembly build').choices(['auto', 'simd', 'scalar']).default('auto'),
    )
    .addOption(
      new Option('--graph <file>', 'graph as JSON, for a safetensors file that has none').conflicts('config'),
    )
    .option('--config <file>', 'JSON for importPyTorch: MODEL is a state_dict saved as safetensors');
}

/** What is no number at all is a mistake of the command line; which numbers make sense, the core says. */
export function parseNumber(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isNaN(value)) throw new InvalidArgumentError('Expected a number.');
  return value;
}

export function parseNames(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
