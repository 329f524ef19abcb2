import { type Command, InvalidArgumentError, Option } from 'commander';

export function buildOption(): Option {
  return new Option('--build <build>', 'WebAssembly build')
    .choices(['auto', 'simd', 'scalar'])
    .default('auto');
}

/** The options of every command that opens a model. */
export function withModelOptions(command: Command): Command {
  return command
    .addOption(buildOption())
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

/** An integer of at least 1. */
export function parseCount(text: string): number {
  const value = parseNumber(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('Expected an integer of at least 1.');
  return value;
}

export function parsePositive(text: string): number {
  const value = parseNumber(text);
  if (!(value > 0)) throw new InvalidArgumentError('Expected a number above 0.');
  return value;
}

/** `0.1` is a fraction, what is no number a file. */
export function parseFileOrFraction(text: string): string | number {
  return Number.isNaN(Number(text)) || text.trim() === '' ? text : Number(text);
}

export function parseNames(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
