// SPDX-License-Identifier: MIT
// From a block to its bytes: stripes or the CRC of the chunk, the other file, decryption, zstd.
import { Broken, H4mkError } from '../errors.js';
import { u32At } from '../format/chunk.js';
import { Block, Cluster, FLAG, SideData } from '../format/cluster.js';
import type { Track } from '../format/tracks.js';
import type { CrcOf } from './crc_of.js';
import type { ExternalData, OpenBeside } from './external.js';

/** Opens encrypted blocks. `useKey` of h4mk/protect gives a file one; a program may have its own, where the key must not come into the page. */
export interface Decryptor {
  /** How many blocks each track has, by track_id, as the encrypted end of a closed file says; absent without an end. Where a track has another
   *  number, reading all blocks tells the problem `missing_end`. */
  readonly counts?: Map<number, bigint>;
  /** Opens `stored`, a block's bytes in the file. The block may be compressed: what is returned still is. Throws `bad_tag` where it is not
   *  what was encrypted, and `not_encrypted` where the block is not encrypted. */
  open(block: Block, stored: Uint8Array, track: Track): Promise<Content>;
}

/** What a block holds. */
export interface Content {
  /** The bytes that a decoder takes, as they were given to the writer. They may belong to the cache of the file: do not write into them. */
  data: Uint8Array;
  /** Side data of the block; of an encrypted block it is opened. Empty if there is none. */
  sideData: readonly SideData[];
}

/** Why blocks of a track cannot be handed out as they are described, or null. Needs no data. */
export function refusal(block: Block, track: Track): H4mkError | null {
  const at = block.cluster.offset;
  const [feature] = track.unknownRequirements;
  if (feature !== undefined) return new H4mkError('unknown_requirement', `Track ${track.id} requires the feature ${feature}, which is not known here.`, at);
  const bits = block.flags & FLAG.MUST_BE_UNDERSTOOD;
  if (bits) return new H4mkError('unknown_block_flag', `A block of track ${track.id} has flags 0x${bits.toString(16)} that are not known here.`, at);
  return null;
}

export class ContentReader {
  decryptor?: Decryptor;
  /** CRCs that were compared, of the clusters that were used last. */
  readonly #checked = new Map<string, boolean>();
  /** The last one of which the CRC of the chunk held: its blocks are read one after the other. */
  #good?: Cluster;

  #external?: ExternalData;

  constructor(private crc: CrcOf, private readonly openBeside?: OpenBeside) {}

  /** The file has grown. */
  useFile(crc: CrcOf): void {
    this.crc = crc;
    this.#checked.clear();
    this.#good = undefined;
  }

  /** The bytes as they are stored, after their CRC held. */
  async stored(block: Block, track: Track): Promise<Uint8Array> {
    const refused = refusal(block, track);
    if (refused) throw refused;
    if (block.flags & FLAG.EXTERNAL) {
      const { ExternalData } = await import('./external.js');
      return (this.#external ??= new ExternalData(this.openBeside)).read(block, track);
    }
    if (!(await this.#holds(block))) throw new H4mkError('damaged_data', `The data of block ${block.ordinal} of track ${track.id} is damaged.`, block.cluster.offset);
    return block.size ? this.crc.bytes.read(block.offset, block.offset + block.size) : new Uint8Array(0);
  }

  /** The data as it was given to the writer: opened and unpacked. */
  async read(block: Block, track: Track): Promise<Content> {
    let data = await this.stored(block, track);
    let { sideData } = block;
    const { compression } = track.described;
    if (block.flags & FLAG.COMPRESSED && compression !== 'zstd') {
      const [code, what] = compression === undefined ? (['bad_compression', 'is compressed in a track without compression'] as const)
        : (['unknown_compression', 'is compressed in a way that is not known here'] as const);
      throw new H4mkError(code, `A block of track ${track.id} ${what}.`, block.cluster.offset);
    }
    if (this.decryptor) ({ data, sideData } = await this.decryptor.open(block, data, track));
    else if (block.flags & FLAG.ENCRYPTED) throw new H4mkError('no_key', 'The file is encrypted: a key is needed.', block.cluster.offset);
    if (block.flags & FLAG.COMPRESSED) data = await this.#unpacked(data, block);
    return { data, sideData };
  }

  async #unpacked(frame: Uint8Array, block: Block): Promise<Uint8Array> {
    const { unzstd } = await import('./zstd.js');
    try {
      return await unzstd(frame);
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      throw new H4mkError('bad_compression', `Block ${block.ordinal} of track ${block.track}: ${error.message}.`, block.cluster.offset);
    }
  }

  /** "A block is good if the stripes that it touches are good. Without stripes the CRC of the chunk decides." */
  async #holds(block: Block): Promise<boolean> {
    const { cluster } = block;
    if (cluster.ownChunks) return this.#rangeHolds(block.offset - 20, block.offset + block.size);
    if (!cluster.stripeShift) {
      if (this.#good === cluster) return true;
      const holds = await this.#once(`${cluster.offset}`, () => this.#chunkHolds(cluster));
      if (holds) this.#good = cluster;
      return holds;
    }
    if (!block.size) return true;
    const size = 2 ** cluster.stripeShift;
    const first = Math.floor((block.offset - cluster.dataBegin) / size);
    const last = Math.floor((block.offset + block.size - 1 - cluster.dataBegin) / size);
    for (let i = first; i <= last; i++) {
      const begin = cluster.dataBegin + i * size;
      const end = Math.min(begin + size, cluster.dataEnd);
      if (!(await this.#once(`${cluster.offset} ${i}`, async () => (await this.crc.of(begin, end)) === cluster.stripes[i]))) return false;
    }
    return true;
  }

  async #chunkHolds(cluster: Cluster): Promise<boolean> {
    if (cluster.end > this.crc.bytes.size) return false;
    return this.#rangeHolds(cluster.offset, cluster.end - 4);
  }

  /** A range that is followed by its CRC. */
  async #rangeHolds(begin: number, end: number): Promise<boolean> {
    return (await this.crc.of(begin, end)) === u32At(await this.crc.bytes.read(end, end + 4), 0);
  }

  async #once(key: string, check: () => Promise<boolean>): Promise<boolean> {
    const known = this.#checked.get(key);
    if (known !== undefined) return known;
    const holds = await check();
    this.#checked.set(key, holds);
    if (this.#checked.size > 4096) this.#checked.delete(this.#checked.keys().next().value!);
    return holds;
  }
}
