// SPDX-License-Identifier: MIT
/** Where the bytes of a file come from. */
export interface Source {
  /** The size of the file now. Called once before the first read, and again by `H4mkFile.refresh`. */
  size(): Promise<number>;
  /** The bytes from `begin` to before `end`; `end` is never beyond the size. */
  read(begin: number, end: number): Promise<Uint8Array>;
  /** The file may grow: another size and another date are no error. */
  mayGrow?(grows: boolean): void;
  /** Bytes that came with the answer to `size`, from the start of the file on. */
  front?: Uint8Array;
  close?(): void;
}

/** Bytes in memory. They are not copied. */
export class MemorySource implements Source {
  constructor(private readonly bytes: Uint8Array) {}
  async size(): Promise<number> {
    return this.bytes.length;
  }
  async read(begin: number, end: number): Promise<Uint8Array> {
    return this.bytes.subarray(begin, end);
  }
}

/** A Blob or File, for example one that was dropped on a page. */
export class BlobSource implements Source {
  constructor(private readonly blob: Blob) {}
  async size(): Promise<number> {
    return this.blob.size;
  }
  async read(begin: number, end: number): Promise<Uint8Array> {
    return new Uint8Array(await this.blob.slice(begin, end).arrayBuffer());
  }
}
