// SPDX-License-Identifier: MIT
// core.md, "File" and "Chunk".
import { H4mkError } from '../errors.js';
import type { Cluster } from './cluster.js';

export const HEADER_SIZE = 16;
export const CHECKSUM_SIZE = 4;
export const TAIL_SIZE = 32;
/** Head and CRC of a chunk. */
export const OVERHEAD = 16;
export const CLUSTER_FLAG = 2 ** 30;
/** Of those that are read whole. */
const MOST_CHUNK = 64 * 2 ** 20;
const MOST_ATTACHMENT = 2 ** 30 + 3;

export const KNOWN_TAGS = new Set(['TRAK', 'META', 'ATTA', 'CORE', 'TSEK', 'FREE', 'TAIL', 'ORIG', 'VERI', 'SAFE', 'NOTE']);
const READ_WHOLE = new Set(['TRAK', 'META', 'TSEK', 'TAIL', 'VERI']);

/** A chunk as its head describes it. `whole` is undefined as long as nobody computed the CRC. */
export class Chunk {
  whole?: boolean;
  /** The file ends inside of it. */
  unfinished = false;
  /** A stretch where no chunk can be made out. */
  lost = false;
  /** A cluster: the CRC of its index holds. */
  indexHolds = false;
  /** What the index says, if it breaks no rule. */
  cluster?: Cluster;

  constructor(readonly offset: number, readonly tag: string, readonly flags: number, readonly length: number) {}

  static stretch(begin: number, end: number, indexHolds: boolean): Chunk {
    const chunk = new Chunk(begin, '', 0, end - begin - OVERHEAD);
    chunk.lost = true;
    chunk.indexHolds = indexHolds;
    return chunk;
  }

  get payload(): number {
    return this.offset + 12;
  }
  get end(): number {
    return this.payload + this.length + 4;
  }
  get size(): number {
    return this.length + OVERHEAD;
  }
  get isCluster(): boolean {
    return this.tag === 'CORE' && (this.flags & CLUSTER_FLAG) !== 0;
  }
  /** A cluster whose blocks can be listed. */
  get isReadable(): boolean {
    return this.cluster !== undefined && !this.unfinished && !this.unknownFlags;
  }
  /** Bits 16-31 that have no meaning here. Those of chunks that are only kept need none. */
  get unknownFlags(): number {
    if (this.tag === 'SAFE' || this.tag === 'NOTE') return 0;
    return (this.flags & 0xffff0000 & ~(this.tag === 'CORE' ? CLUSTER_FLAG : 0)) >>> 0;
  }
  get withinLimits(): boolean {
    if (this.tag === 'ATTA') return this.length <= MOST_ATTACHMENT;
    return this.length <= MOST_CHUNK || !READ_WHOLE.has(this.tag);
  }
}

export function u32At(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

export function ascii(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** The head of a chunk, or null where these twelve bytes are none. */
export function parseHead(head: Uint8Array, offset: number): Chunk | null {
  if (head.length < 12) return null;
  for (let i = 0; i < 4; i++) if (head[i]! < 0x20 || head[i]! > 0x7e) return null;
  return new Chunk(offset, ascii(head.subarray(0, 4)), u32At(head, 4), u32At(head, 8));
}

/** Checks the header of a file. Returns its version, 1 or 2, and the salt. */
export function parseHeader(header: Uint8Array): { version: 1 | 2; salt: number } {
  if (header[0] === 0x1f && header[1] === 0x8b)
    throw new H4mkError('compressed_transfer', 'The bytes are gzip: the server or CDN compresses .h4mk files. Switch compression off for them.', 0);
  if (ascii(header.subarray(0, 4)) !== 'H4MK') throw new H4mkError('not_h4mk', 'This is no H4MK file: it does not begin with H4MK.', 0);
  if (header.length < HEADER_SIZE) throw new H4mkError('truncated', 'The file ends within its header.', header.length);
  const [version, features] = [header[4]!, header[5]!];
  if (version === 0 && features === 1) throw new H4mkError('legacy', 'The transport dialect of H4MK is not read here: convert the file with h4mk convert.', 4);
  if (version === 1) return { version: 1, salt: 0 };
  if (version !== 2) throw new H4mkError('version', `Version ${version} of H4MK is not known: this package reads versions 1 and 2.`, 4);
  if (features) throw new H4mkError('required_feature', `The file needs features that are not known (bits 0x${features.toString(16)}).`, 5);
  return { version: 2, salt: u32At(header, 8) };
}
