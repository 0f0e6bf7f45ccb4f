// SPDX-License-Identifier: MIT
// One file that is played: what a page and a worker say to each other. The worker has the file; the page has the picture and the buttons.
import { H4mkError } from '../errors.js';
import { isFrame, timeOf } from '../format/cluster.js';
import { Track, fromBase64 } from '../format/tracks.js';
import type { Verdict, Verifier } from '../protect/verify.js';
import { Chapter, H4mkFile } from '../read/file.js';
import { Engine, mediaSourceClass } from './engine.js';
import type { CueText, Subtitles } from './subtitles.js';

const TEXTS = new Set(['subrip', 'srt', 'webvtt', 'text', 'mov_text', 'ass', 'ssa']);

/** A track of the file that is played. Its texts come from the file: show them as text, never as markup. */
export interface TrackInfo {
  /** The track_id: what `chooseAudio` and `chooseSubtitles` take. */
  id: number;
  /** `video`, `audio`, `subtitle`, `data`, `attachment` or `unknown`. */
  kind: string;
  /** The codec as FFmpeg calls it. */
  codec: string;
  /** The title of the track; empty if it has none. */
  name: string;
  /** Its tag `language`; empty if it has none. */
  language: string;
  /** Subtitles that can be shown as text. */
  text: boolean;
}

/** The file that is played. */
export interface FileInfo {
  /** Seconds. */
  duration: number;
  /** The file has its end. One without is followed as it grows. */
  closed: boolean;
  /** Its blocks need a key. */
  encrypted: boolean;
  /** Its tag `title`; empty if it has none. */
  title: string;
  /** All tracks in the order of the file. */
  tracks: TrackInfo[];
  /** Chapters in the order of the file. */
  chapters: Chapter[];
}

export type ToSession =
  | { type: 'open'; src: string | Blob; time: number; key?: string; verify?: string; credentials?: RequestCredentials }
  | { type: 'tick'; time: number; paused: boolean }
  | { type: 'seek'; time: number }
  | { type: 'choose'; track: number }
  | { type: 'subtitles'; track: number | null }
  | { type: 'step'; track: number; time: number; by: number }
  | { type: 'close' };

export type FromSession =
  | { type: 'info'; info: FileInfo }
  /** What plays first. */
  | { type: 'chosen'; video: number | null; audio: number | null }
  | { type: 'source'; source: unknown }
  | { type: 'cue'; track: number; cue: CueText }
  | { type: 'goto'; time: number }
  | { type: 'verdict'; verdict: Verdict }
  | { type: 'lost'; code: string; message: string }
  | { type: 'error'; code: string; message: string };

/** `send`: to the page. `transfer` are objects that move to it. */
export class Session {
  #file?: H4mkFile;
  #engine?: Engine;
  #verifier?: Verifier;
  #subtitles?: Subtitles;
  #told = '';

  constructor(private readonly send: (message: FromSession, transfer?: Transferable[]) => void, private readonly inWorker: boolean) {}

  handle(message: ToSession): void {
    this.#take(message).catch((error: unknown) => this.#fail(error));
  }

  #fail(error: unknown): void {
    const { code, message } = error instanceof H4mkError ? error : { code: 'error', message: error instanceof Error ? error.message : String(error) };
    this.send({ type: 'error', code, message });
  }

  async #take(message: ToSession): Promise<void> {
    switch (message.type) {
      case 'open':
        return this.#open(message);
      case 'tick':
        this.#engine?.tick(message.time, message.paused);
        this.#tellVerdict();
        return this.#subtitles?.tick(message.time);
      case 'seek':
        this.#engine?.seek(message.time);
        return this.#subtitles?.tick(message.time);
      case 'choose':
        return this.#engine?.choose(this.#file!.track(message.track));
      case 'subtitles':
        return this.#showSubtitles(message.track);
      case 'step':
        return this.#step(message.track, message.time, message.by);
      case 'close':
        this.#engine?.stop();
        this.#file?.close();
    }
  }

  async #open({ src, time, key, verify, credentials }: ToSession & { type: 'open' }): Promise<void> {
    const source = this.#attach(); // while the file is opened
    // Loaded only where it is needed.
    const protect = verify || key ? await import('../protect.js') : null;
    const verifier = verify ? new protect!.Verifier(keyOf(verify)) : undefined;
    this.#file = await H4mkFile.open(src, { ...(credentials && { credentials }), ...(verifier && { verifier }) });
    this.#verifier = verifier;
    if (key) await protect!.useKey(this.#file, keyOf(key));
    this.#tellInfo();
    this.#tellVerdict();
    await this.#play(await source, time);
  }

  #tellInfo(): void {
    const file = this.#file!;
    const tracks = [...file.tracks.values()].map((track) => ({
      id: track.id, kind: track.kind, codec: track.codec, name: track.name, language: track.tags.language ?? '', text: track.kind === 'subtitle' && TEXTS.has(track.codec),
    }));
    this.send({ type: 'info', info: { duration: file.duration, closed: file.closed, encrypted: file.encrypted, title: file.tags.title ?? '', tracks, chapters: file.chapters } });
  }

  #tellVerdict(): void {
    if (!this.#verifier) return;
    const { verdict } = this.#verifier;
    const text = JSON.stringify(verdict);
    if (text !== this.#told) this.send({ type: 'verdict', verdict });
    this.#told = text;
  }

  /** The MediaSource, once it is open. */
  async #attach(): Promise<MediaSource> {
    const Source = mediaSourceClass();
    if (!Source) throw new H4mkError('unsupported', 'This browser has no Media Source Extensions.');
    const source = new Source();
    const open = new Promise<void>((resolve) => source.addEventListener('sourceopen', () => resolve(), { once: true }));
    const handle = (source as unknown as { handle?: Transferable }).handle;
    if (this.inWorker) this.send({ type: 'source', source: handle }, [handle!]);
    else this.send({ type: 'source', source });
    await open;
    return source;
  }

  async #play(source: MediaSource, time: number): Promise<void> {
    const chosen = { video: this.#best('video'), audio: this.#best('audio') };
    this.send({ type: 'chosen', ...chosen });
    const tracks = [chosen.video, chosen.audio].filter((id) => id !== null).map((id) => this.#file!.track(id));
    this.#engine = new Engine(this.#file!, source, {
      onLost: (error: H4mkError) => this.#lost(error), onError: (error: unknown) => this.#fail(error), onGrown: () => this.#tellInfo(),
    });
    await this.#engine.start(tracks, time);
  }

  /** The track of a kind that plays first: the default one, or the first one. */
  #best(kind: string): number | null {
    const tracks = [...this.#file!.tracks.values()].filter((track) => track.kind === kind);
    return (tracks.find(isDefault) ?? tracks[0])?.id ?? null;
  }

  #lost({ code, message }: H4mkError): void {
    this.send({ type: 'lost', code, message });
    this.#tellVerdict();
  }

  async #showSubtitles(track: number | null): Promise<void> {
    this.#subtitles = undefined;
    if (track === null) return;
    const { Subtitles } = await import('./subtitles.js');
    this.#subtitles = new Subtitles(this.#file!, this.#file!.track(track), (cue) => this.send({ type: 'cue', track: track, cue }));
  }

  /** The middle of the frame that many frames from the one at a time. */
  async #step(track: number, time: number, by: number): Promise<void> {
    const file = this.#file!;
    const of = file.track(track);
    const place = await file.frame(track, Math.max(0, (await file.frameAt(track, of.ticks(time))) + by));
    if (!place || !isFrame(place.block)) return;
    const start = of.seconds(timeOf(place.block)!);
    this.send({ type: 'goto', time: start + Math.min(of.seconds(place.block.duration) || 0.002, 0.5) / 2 });
  }
}

function isDefault({ described }: Track): boolean {
  return Array.isArray(described.disposition) && described.disposition.includes('default');
}

/** Bytes of a key in hex, base64, base64 for URLs, or PEM. */
export function keyOf(text: string): Uint8Array {
  const bare = text.replace(/-----[A-Z ]+-----/g, '').replace(/\s/g, '');
  if (/^([0-9a-f]{2}){16,64}$/i.test(bare)) return Uint8Array.from(bare.match(/../g)!, (pair) => parseInt(pair, 16));
  const bytes = fromBase64(bare.replace(/-/g, '+').replace(/_/g, '/'));
  if (!bytes) throw new H4mkError('wrong_key', 'The key is neither hex nor base64.');
  return bytes;
}
