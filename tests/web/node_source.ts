// SPDX-License-Identifier: MIT
// Files of the disk as sources, for the tests.
import { constants } from 'node:fs';
import { FileHandle, open, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { OpenBeside, Source } from '../../tools/web/src/reader.js';

export const readAll = async (path: string): Promise<Uint8Array> => new Uint8Array(await readFile(path));

/** Counts what is read of it. */
export class FileSource implements Source {
  reads = 0;
  bytes = 0;
  constructor(private readonly handle: FileHandle) {}

  static async open(path: string, flags: number = constants.O_RDONLY): Promise<FileSource> {
    return new FileSource(await open(path, flags));
  }
  async size(): Promise<number> {
    return (await this.handle.stat()).size;
  }
  async read(begin: number, end: number): Promise<Uint8Array> {
    const buffer = new Uint8Array(end - begin);
    const { bytesRead } = await this.handle.read(buffer, 0, buffer.length, begin);
    this.reads++;
    this.bytes += bytesRead;
    return buffer.subarray(0, bytesRead);
  }
  close(): void {
    void this.handle.close();
  }
}

/** Opens regular files in the folder of a file, and follows no link. */
export function openBesideIn(path: string): OpenBeside {
  return async (name) => {
    try {
      const handle = await open(join(dirname(path), name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      if ((await handle.stat()).isFile()) return new FileSource(handle);
      await handle.close();
    } catch {
      // It is not there.
    }
    return null;
  };
}
