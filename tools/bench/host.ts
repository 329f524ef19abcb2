import { cpus } from 'node:os';

/** What ran a benchmark. */
export interface Host {
  readonly cpu: string;
  readonly platform: string;
  readonly node: string;
}

export function hostOf(): Host {
  const cpu = cpus()[0]?.model ?? 'unknown';
  return { cpu, platform: `${process.platform} ${process.arch}`, node: process.version };
}
