// SPDX-License-Identifier: MIT
// Fills a MediaSource from a file: what is ahead of the playing position is loaded, what is far behind is taken out.
import { H4mkError } from '../errors.js';
import type { Track } from '../format/tracks.js';
import type { H4mkFile } from '../read/file.js';
import { Fragment, SHIFT, TrackFeed } from './feed.js';

/** Seconds that are loaded ahead while it plays, and while it stands. */
const AHEAD = 20;
const AHEAD_PAUSED = 4;
const BEHIND = 15;
const POLL = 1000;

export interface EngineEvents {
  /** Blocks that could not be shown, with the reason. */
  onLost(error: H4mkError): void;
  onError(error: unknown): void;
  /** A file that is still being written got longer. */
  onGrown(): void;
}

/** One SourceBuffer; its calls wait for each other. */
class Buffer {
  #last: Promise<void> = Promise.resolve();
  constructor(readonly buffer: SourceBuffer, public feed: TrackFeed) {
    this.use(feed);
  }

  use(feed: TrackFeed): void {
    this.feed = feed;
    void this.#then(() => {
      this.buffer.changeType?.(feed.format.mime);
      this.buffer.timestampOffset = feed.format.bare ? 0 : -SHIFT;
      if (!feed.format.bare) this.buffer.appendBuffer(feed.init as BufferSource);
    });
  }

  append({ bytes, start }: Fragment): Promise<void> {
    return this.#then(() => {
      if (this.feed.format.bare) this.buffer.timestampOffset = start;
      this.buffer.appendBuffer(bytes as BufferSource);
    });
  }

  remove(begin: number, end: number): Promise<void> {
    return this.#then(() => begin < end && this.buffer.remove(begin, end));
  }

  /** The end of what is buffered around a time, or null if that is not. */
  endAt(time: number): number | null {
    const { buffered } = this.buffer;
    for (let i = 0; i < buffered.length; i++) if (buffered.start(i) <= time + 0.1 && buffered.end(i) > time) return buffered.end(i);
    return null;
  }

  get begin(): number {
    return this.buffer.buffered.length ? this.buffer.buffered.start(0) : Infinity;
  }

  #then(change: () => unknown): Promise<void> {
    const done = this.#last.then(async () => {
      change();
      if (!this.buffer.updating) return;
      await new Promise<void>((resolve) => this.buffer.addEventListener('updateend', () => resolve(), { once: true }));
    });
    this.#last = done.catch(() => {});
    return done;
  }
}

export class Engine {
  readonly #buffers = new Map<'video' | 'audio', Buffer>();
  /** Raised by each seek: what an older one still does is dropped. */
  #generation = 0;
  #time = 0;
  #paused = true;
  #wake: () => void = () => {};
  #closed = false;
  #growths = 0;

  constructor(private readonly file: H4mkFile, private readonly source: MediaSource, private readonly events: EngineEvents) {}

  /** The MediaSource is open: begins to fill it. Throws where the browser can play none of the tracks. */
  async start(tracks: Track[], time: number): Promise<void> {
    const feeds = (await Promise.all(tracks.map((track) => TrackFeed.of(this.file, track)))).filter((feed): feed is TrackFeed => feed !== null && supported(feed.format.mime));
    // All SourceBuffers have to be there before the first one gets anything.
    const added = feeds.map((feed) => ({ feed, buffer: this.source.addSourceBuffer(feed.format.mime) }));
    for (const { feed, buffer } of added) this.#buffers.set(feed.format.kind, new Buffer(buffer, feed));
    if (!this.#buffers.size) {
      const codecs = tracks.map((track) => track.codec).join(', ');
      throw new H4mkError('unsupported', `This browser cannot play ${codecs || 'the tracks of this file'}.`);
    }
    this.#setDuration();
    this.seek(time);
    this.#follow().catch((error) => this.#closed || this.events.onError(error));
  }

  /** Where the player is now. */
  tick(time: number, paused: boolean): void {
    this.#time = time;
    this.#paused = paused;
    this.#wake();
  }

  /** Goes on elsewhere, unless that is buffered. */
  seek(time: number): void {
    this.#time = time;
    const ends = [...this.#buffers.values()].map((buffer) => buffer.endAt(time));
    if (this.#generation && ends.every((end) => end !== null)) return this.#wake();
    const generation = ++this.#generation;
    this.#wake();
    this.#fill(generation, time).catch((error) => generation === this.#generation && !this.#closed && this.events.onError(error));
  }

  /** Another track of the same kind from here on. */
  async choose(track: Track): Promise<void> {
    const feed = await TrackFeed.of(this.file, track);
    if (!feed || !supported(feed.format.mime)) throw new H4mkError('unsupported', `This browser cannot play ${track.codec}.`);
    const buffer = this.#buffers.get(feed.format.kind);
    if (!buffer) return;
    const generation = ++this.#generation;
    this.#wake();
    buffer.use(feed);
    await buffer.remove(0, Infinity);
    // The other kind is filled once more from the same place; what it has already is replaced by the same.
    this.#fill(generation, this.#time).catch((error) => generation === this.#generation && !this.#closed && this.events.onError(error));
  }

  stop(): void {
    this.#closed = true;
    this.#generation++;
    this.#wake();
  }

  #setDuration(): void {
    const { duration } = this.file;
    if (this.source.readyState === 'open' && this.source.duration !== duration) this.source.duration = Math.max(duration, 0.001);
  }

  /** Appends cluster after cluster, from the seek point of the first track on. */
  async #fill(generation: number, time: number): Promise<void> {
    const [main] = this.#buffers.values();
    const { track } = main!.feed;
    const result = await this.file.seek(track.id, track.ticks(time));
    if (!result) throw new H4mkError('corrupt', 'The file has no block where playing could begin.');
    const places = [...this.#buffers.values()].map(({ feed }) => result.begins.get(feed.track.id)).filter((place) => place != null);
    let from = Math.min(...places.map((place) => place.cluster.offset));
    let first = true;
    for (let more = true; more; ) {
      const seen = this.#growths;
      for await (const cluster of this.file.clusters(from)) {
        if (generation !== this.#generation) return;
        // The rest of the first cluster alone: the frame that was asked for should not wait. Later ones with the one that follows.
        const size = cluster.end - cluster.offset;
        this.file.internals.bytes.prefetch(cluster.offset, cluster.end + (first ? 0 : Math.min(size, 2 ** 20)));
        first = false;
        for (const buffer of this.#buffers.values()) await this.#appendCluster(buffer, cluster, result.begins.get(buffer.feed.track.id), generation);
        from = cluster.end;
        await this.#untilNeeded(generation);
        if (generation !== this.#generation) return;
      }
      more = await this.#grown(generation, seen);
    }
    if (generation === this.#generation && this.source.readyState === 'open') this.source.endOfStream();
  }

  async #appendCluster(buffer: Buffer, cluster: import('../format/cluster.js').Cluster, begin: { cluster: { offset: number }; position: number } | null | undefined, generation: number): Promise<void> {
    if (!begin || cluster.offset < begin.cluster.offset) return;
    const from = cluster.offset === begin.cluster.offset ? begin.position : 0;
    const made = await buffer.feed.fragment(cluster, from, (error) => this.events.onLost(error));
    if (!made || generation !== this.#generation) return;
    try {
      await buffer.append(made);
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== 'QuotaExceededError') throw error;
      await buffer.remove(0, Math.max(0, this.#time - 2));
      await buffer.append(made);
    }
  }

  /** Waits while enough is buffered; takes out what is far behind. */
  async #untilNeeded(generation: number): Promise<void> {
    while (generation === this.#generation) {
      const ends = [...this.#buffers.values()].map((buffer) => buffer.endAt(this.#time) ?? this.#time);
      for (const buffer of this.#buffers.values()) if (buffer.begin < this.#time - 2 * BEHIND) await buffer.remove(0, this.#time - BEHIND);
      if (Math.min(...ends) < this.#time + (this.#paused ? AHEAD_PAUSED : AHEAD)) return;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** At the end of a file that may still grow: waits for more than there was after `seen` growths. */
  async #grown(generation: number, seen: number): Promise<boolean> {
    while (generation === this.#generation && this.#growths === seen && !this.file.closed) await new Promise<void>((resolve) => (this.#wake = resolve));
    return generation === this.#generation && this.#growths !== seen;
  }

  /** Looks whether the file got longer, as long as it has no end. */
  async #follow(): Promise<void> {
    while (!this.#closed && !this.file.closed) {
      await new Promise((resolve) => setTimeout(resolve, POLL));
      if (this.#closed || !(await this.file.refresh())) continue;
      this.#growths++;
      this.#setDuration();
      this.events.onGrown();
      this.#wake();
    }
  }
}

export function mediaSourceClass(): typeof MediaSource | undefined {
  return (globalThis as { ManagedMediaSource?: typeof MediaSource }).ManagedMediaSource ?? (globalThis as { MediaSource?: typeof MediaSource }).MediaSource;
}

export function supported(mime: string): boolean {
  return mediaSourceClass()?.isTypeSupported(mime) ?? false;
}
