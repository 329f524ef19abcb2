import { once } from 'node:events';

/** What a pipe takes at once without many small writes. */
const PART_BYTES = 16384;

/** Standard output that waits for its reader, and ends the program quietly when the reader is gone (`| head`). */
export class Output {
  readonly #stream = process.stdout;
  #texts = '';
  #bytes: Uint8Array[] = [];
  #size = 0;

  constructor() {
    this.#stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      throw error;
    });
  }

  get isTerminal(): boolean {
    return this.#stream.isTTY === true;
  }

  /** Whether enough is waiting that `flush` is due. */
  get isFull(): boolean {
    return this.#size >= PART_BYTES;
  }

  /** Takes text or bytes; a program writes one kind only. */
  add(part: string | Uint8Array): void {
    if (typeof part === 'string') this.#texts += part;
    else this.#bytes.push(part);
    this.#size += part.length;
  }

  async flush(): Promise<void> {
    if (this.#size === 0) return;
    const part = this.#texts === '' ? Buffer.concat(this.#bytes) : this.#texts;
    this.#texts = '';
    this.#bytes = [];
    this.#size = 0;
    if (!this.#stream.write(part)) await once(this.#stream, 'drain');
  }

  async print(text: string): Promise<void> {
    this.add(`${text}\n`);
    await this.flush();
  }
}
