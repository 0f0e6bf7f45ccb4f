// SPDX-License-Identifier: MIT
// adapters.md, "Decoding with an adapter": blocks of a track in the order of the file to outputs in the order of presentation.
import { Broken, H4mkError } from '../errors.js';
import { Block, FLAG, isFrame, timeOf } from '../format/cluster.js';
import type { H4mkFile } from '../read/file.js';
import type { Adapter, AdapterBlock, Instance, Shown } from './adapter.js';

/** Which frame an output belongs to. Times are in ticks of the track. */
export interface OutputTime {
  /** The time of the frame: its pts, or its dts if it has no pts. */
  pts: bigint;
  /** The duration of its block; 0: not known. */
  duration: bigint;
  /** The ordinal of its block. */
  ordinal: bigint;
}

/** What may wait to be shown, or for the block behind it: so many blocks … */
const MOST_WAITING = 64;
/** … and so many bytes, beside the last of them. libh4mk has the same limits. */
const MOST_WAITING_BYTES = 64 * 2 ** 20;

/** What `decode` gives for a frame. */
export type Output = Shown & OutputTime;

/** How a track is decoded. */
export interface DecodeOptions {
  /** What decodes it: `builtIn().of(track)`, or one of your own. */
  adapter: Adapter;
  /** In ticks: from the output that is shown at this time. Absent: from the start. */
  from?: bigint;
  /** Told of blocks that could not be read or decoded. Blocks that need them are left out without a word, up to the next block of type I. */
  onLost?: (error: Error, block: Block) => void;
}

/** Decodes a track, by its track_id, by an adapter (adapters.md, "Decoding with an adapter"). Gives the outputs in the order in which they are shown; those of
 *  the preroll are left out. Nothing is given where the track has no frame. Throws `unknown_track`, and what `adapter.open` throws. */
export async function* decode(file: H4mkFile, track: number, { adapter, from, onLost = () => {} }: DecodeOptions): AsyncGenerator<Output> {
  const described = file.track(track);
  const instance = adapter.open(described);
  try {
    const wanted = from === undefined ? 0 : Math.max(0, await file.frameAt(track, from));
    const first = await file.frame(track, wanted);
    if (!first) return;
    const least = timeOf(first.block)!;
    const chain = await file.chain(track, Math.max(0, wanted - adapter.preroll));
    const begin = chain?.[0] ?? first;
    const session = new Session(instance, least, onLost);
    for await (const cluster of file.clusters(begin.cluster.offset))
      for (const [position, block] of cluster.blocks.entries()) {
        if (block.track !== track || (cluster.offset === begin.cluster.offset && position < begin.position)) continue;
        yield* session.outputs(block);
        await session.take(block, async () => (await file.read(block)).data);
      }
    await session.finish();
    yield* session.outputs(null);
  } finally {
    instance.close?.();
  }
}

/** A state that later blocks are decoded from. */
interface Anchor {
  time: bigint;
  state: unknown;
}

/** A B block that waits for the anchor behind it. */
interface Waiting {
  time: bigint;
  block: Block;
  given: AdapterBlock;
}

class Session {
  /** The last two I or P blocks; none: the next block of type I is waited for. */
  #anchors: Anchor[] = [];
  #waiting: Waiting[] = [];
  /** Outputs by their time. `size`: of the data that they were made of. */
  #ready: { time: bigint; block: Block; state: unknown; size: number }[] = [];
  /** The ordinal that the next block has, unless blocks are missing. */
  #next?: bigint;

  constructor(private readonly instance: Instance<unknown>, private readonly least: bigint, private readonly onLost: (error: Error, block: Block) => void) {}

  async take(block: Block, read: () => Promise<Uint8Array>): Promise<void> {
    const isI = (block.flags & 3) === 0 || (block.flags & FLAG.KEY) !== 0;
    const isB = !isI && (block.flags & 3) === 2;
    if (this.#next !== undefined && block.ordinal !== this.#next) this.#lose();
    this.#next = block.ordinal + 1n;
    if (!this.#anchors.length && !isI) return;
    try {
      this.#checkWaiting();
      const given = { flags: block.flags, pts: block.pts, dts: block.dts, duration: block.duration, ordinal: block.ordinal, data: await read() };
      if (isB) await this.#takeB(block, given);
      else await this.#takeAnchor(block, given, isI);
    } catch (error) {
      if (!isB) this.#lose();
      this.#tell(error, block);
    }
  }

  /** Tells of a block that is lost. Other errors are no fault of the file, and are thrown. */
  #tell(error: unknown, block: Block): void {
    if (!(error instanceof H4mkError || error instanceof Broken)) throw error;
    this.onLost(error, block);
  }

  /** A block is missing that others are decoded from: those up to the next block of type I. */
  #lose(): void {
    this.#anchors = [];
    this.#waiting = [];
  }

  /** Throws `limit`, and gives up the blocks that wait, where too much waits already. */
  #checkWaiting(): void {
    const sizes = [...this.#waiting.map(({ given }) => given.data.length), ...this.#ready.map(({ size }) => size)];
    if (sizes.length < MOST_WAITING && sizes.reduce((sum, size) => sum + size, 0) <= MOST_WAITING_BYTES) return;
    this.#lose();
    throw new H4mkError('limit', `More than ${MOST_WAITING} blocks, or ${MOST_WAITING_BYTES / 2 ** 20} MiB of them, wait for the one behind them.`);
  }

  async #takeAnchor(block: Block, given: AdapterBlock, isI: boolean): Promise<void> {
    const older = this.#anchors.at(-1);
    const state = isI ? await this.instance.decodeI(given) : await this.instance.applyP(older!.state, given);
    const newest = { time: timeOf(block) ?? older?.time ?? 0n, state };
    this.#anchors = older ? [older, newest] : [newest];
    this.#show(block, given, state);
    if (older) await this.#decodeWaiting(older, newest);
  }

  async #takeB(block: Block, given: AdapterBlock): Promise<void> {
    const time = timeOf(block);
    if (time === null) return;
    const newest = this.#anchors.at(-1)!;
    if (time > newest.time) {
      this.#waiting.push({ time, block, given });
      return;
    }
    const older = this.#anchors.at(-2);
    if (!older || time < older.time) return; // a leading picture, whose group was not decoded
    await this.#applyB(block, given, older, newest);
  }

  async #applyB(block: Block, given: AdapterBlock, before: Anchor, behind: Anchor | null): Promise<void> {
    if (!this.instance.applyB) throw new H4mkError('adapter', 'The adapter has no B blocks.');
    this.#show(block, given, await this.instance.applyB(before.state, behind?.state ?? null, given));
  }

  /** Decodes the B blocks that waited for an anchor; null: for none any more. One that fails costs no other block: none is decoded from it. */
  async #decodeWaiting(before: Anchor, behind: Anchor | null): Promise<void> {
    const isRipe = ({ time }: Waiting): boolean => !behind || time <= behind.time;
    const ripe = this.#waiting.filter(isRipe);
    this.#waiting = this.#waiting.filter((one) => !isRipe(one));
    for (const { block, given } of ripe) await this.#applyB(block, given, before, behind).catch((error) => this.#tell(error, block));
  }

  /** The track ends. */
  async finish(): Promise<void> {
    const newest = this.#anchors.at(-1);
    if (newest) await this.#decodeWaiting(newest, null);
  }

  #show(block: Block, { data }: AdapterBlock, state: unknown): void {
    if (!isFrame(block)) return;
    const time = timeOf(block)!;
    const place = this.#ready.findLastIndex((other) => other.time <= time) + 1;
    this.#ready.splice(place, 0, { time, block, state, size: data.length });
  }

  /** What no block that is still to come can be before; null: none is to come. */
  async *outputs(next: Block | null): AsyncGenerator<Output> {
    const reached = next && (next.dts ?? timeOf(next));
    while (this.#ready.length && (next === null || (reached !== null && this.#ready[0]!.time <= reached && !this.#waiting.length))) {
      const { time, block, state } = this.#ready.shift()!;
      const shown = await this.#render(state, block);
      if (shown && time >= this.least) yield { ...shown, pts: time, duration: block.duration, ordinal: block.ordinal };
    }
  }

  /** Null where the block is lost. */
  async #render(state: unknown, block: Block): Promise<Shown | null> {
    try {
      return await this.instance.render(state);
    } catch (error) {
      this.#tell(error, block);
      return null;
    }
  }
}
