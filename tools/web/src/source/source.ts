// SPDX-License-Identifier: MIT
/** Where the bytes of a file come from: a program may write its own. What its methods throw comes out of `H4mkFile` as it is. */
export interface Source {
  /** The size of the file now, in bytes. Called once before the first read, and again by `H4mkFile.refresh`. */
  size(): Promise<number>;
  /** The bytes from `begin` to before `end`, all of them; `end` is never beyond the size. Called again before an earlier call has ended. */
  read(begin: number, end: number): Promise<Uint8Array>;
  /** The file may grow from now on, or no longer: as long as it may, another size and another date are no error. */
  mayGrow?(grows: boolean): void;
  /** Bytes that came with the answer to the first `size`, from the start of the file on. They are not asked for again. */
  front?: Uint8Array;
  /** Nothing will be read any more. */
  close?(): void;
}

/** Bytes in memory. They are not copied. */
export class MemorySource implements Source {
  /** The bytes are those of the whole file. Do not write into them as long as the file is open. */
  constructor(private readonly bytes: Uint8Array) {}
  /** How many bytes there are. */
  async size(): Promise<number> {
    return this.bytes.length;
  }
  /** A view of the bytes. */
  async read(begin: number, end: number): Promise<Uint8Array> {
    return this.bytes.subarray(begin, end);
  }
}

/** A Blob or File, for example one that was dropped on a page. */
export class BlobSource implements Source {
  /** The browser throws `NotReadableError` where a file on the disk was changed since it was chosen. */
  constructor(private readonly blob: Blob) {}
  /** The size of the Blob. */
  async size(): Promise<number> {
    return this.blob.size;
  }
  /** Reads a slice of the Blob. */
  async read(begin: number, end: number): Promise<Uint8Array> {
    return new Uint8Array(await this.blob.slice(begin, end).arrayBuffer());
  }
}
