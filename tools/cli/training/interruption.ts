const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Takes Ctrl-C and its relatives, so that a training can end between two updates; a second one ends it at once. */
export class Interruption {
  /** 128 and the number of the signal, as shells have it; undefined while there was none. */
  exitCode: number | undefined;
  readonly #listeners = Object.entries(SIGNALS).map(([name, exitCode]) => {
    const listener = () => {
      if (this.exitCode !== undefined) process.exit(exitCode);
      this.exitCode = exitCode;
    };
    process.on(name, listener);
    return { name, listener };
  });

  stop(): void {
    for (const { name, listener } of this.#listeners) process.off(name, listener);
  }
}
