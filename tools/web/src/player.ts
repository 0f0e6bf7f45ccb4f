// SPDX-License-Identifier: MIT
/** `<h4mk-player src="film.h4mk">`: plays H4MK files from any static host. Importing this module defines the element.
 *  @module h4mk/player */
import { make } from './base/dom.js';
import type { Verdict } from './protect/verify.js';
import { Controls, setIcon } from './player/controls.js';
import type { FileInfo, FromSession, ToSession, TrackInfo } from './player/session.js';
import { STYLE } from './player/style.js';

export type { FileInfo, TrackInfo } from './player/session.js';
export type { Chapter } from './read/file.js';
export type { Verdict } from './protect/verify.js';

interface Port {
  send(message: ToSession): void;
  close(): void;
}

const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement; // so that the module can be imported without a page

/** The element `<h4mk-player>`.
 *
 *  Attributes: `src` (a key may follow as `#key=…`), `key-in-location` (the key is in the fragment of the page's address), `verify` (public
 *  key), `autoplay`, `muted`, `loop`, `poster`, `credentials`. Where `src` or `verify` becomes another one, the file is
 *  loaded anew, once all attributes were set; the others are looked at then.
 *
 *  Events are each a CustomEvent, of which `detail` is: of `info` a `FileInfo` (once more whenever a file that is still being written got longer), of
 *  `verdict` a `Verdict` (whenever it changed), of `lost` (blocks that could not be shown) and `error` an object with `code` and `message`. `code` is
 *  that of an `H4mkError`, `media` where the browser cannot play what it got, or `error`. */
export class H4mkPlayer extends Base {
  /** The attributes of which a change loads a file. */
  static readonly observedAttributes = ['src', 'verify'];
  /** The picture: times, rates, events and all else of a video element. */
  readonly video = make('video', { playsinline: '', part: 'video' });
  /** What is known of the file; null until it is open, and without a file. */
  info: FileInfo | null = null;
  /** Who signed the file, and whether what was used of it is what was signed; null until it is open, and without the attribute `verify`. */
  verdict: Verdict | null = null;
  readonly #controls = new Controls();
  readonly #message = make('div', { class: 'message', role: 'alert', hidden: '' });
  readonly #textTrack = this.video.addTextTrack('subtitles');
  #port?: Port;
  #file?: Blob;
  #timer?: ReturnType<typeof setInterval>;
  /** An element of the page's own text is told of its attributes before it is told that it is there: it loads once. */
  #connected = false;
  /** An attribute was changed: it loads once the others are set as well, which frameworks do one after the other. */
  #due = false;
  /** Where it was when it was taken out of the page. */
  #left = 0;
  #chosen = { video: null as number | null, audio: null as number | null, subtitle: null as number | null };

  /** As `document.createElement('h4mk-player')` makes it. It loads a file once it is in the page. */
  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    root.append(make('style', {}, STYLE), this.video, this.#controls.bar, this.#message);
    this.#bindControls();
    this.addEventListener('keydown', (event) => this.#onKey(event));
  }

  /** Called by the browser when the element comes into the page: loads the file. One that was moved goes on where it was. */
  connectedCallback(): void {
    if (!this.hasAttribute('tabindex')) this.tabIndex = 0;
    this.#connected = true;
    this.#timer = setInterval(() => this.#tick(), 250);
    if (this.#port) return;
    if (this.#left) this.video.currentTime = this.#left; // that of the file which is loaded next
    this.#load();
  }

  /** Called by the browser when the element is taken out of the page: closes the file, and asks the server for nothing more. */
  disconnectedCallback(): void {
    this.#connected = false;
    this.#left = this.currentTime;
    clearInterval(this.#timer);
    this.#unload();
  }

  /** Called by the browser when `src` or `verify` is another one: closes the file, and loads that of `src`, also where one was dropped before. */
  attributeChangedCallback(name: string): void {
    if (name === 'src') this.#file = undefined;
    this.#left = 0;
    if (!this.#connected) return;
    this.#unload();
    this.#due = true;
    queueMicrotask(() => this.#due && this.#connected && this.#load());
  }

  /** Plays a file that was dropped or chosen, until `src` becomes another one. */
  open(file: Blob): void {
    this.#file = file;
    this.#load();
  }

  /** Where it plays, in seconds. Setting it seeks. */
  get currentTime(): number {
    return this.video.currentTime;
  }
  /** Seeks. */
  set currentTime(time: number) {
    this.video.currentTime = time;
  }
  /** Seconds from time 0 to the end of the longest track; NaN until the file is open. */
  get duration(): number {
    return this.info?.duration ?? NaN;
  }
  /** Plays, as that of `<video>`: rejects where the browser wants a click first and the sound is on. */
  play(): Promise<void> {
    return this.video.play();
  }
  /** Pauses, as that of `<video>`. */
  pause(): void {
    this.video.pause();
  }

  /** Pauses, and goes on by that many frames, exactly; back if `by` is negative. Stays at the first frame, and where there is none that far on. */
  step(by: number): void {
    this.pause();
    if (this.#chosen.video !== null) this.#port?.send({ type: 'step', track: this.#chosen.video, time: this.currentTime, by });
  }

  /** Plays another sound track from here on, by its id in `info.tracks`. The event `error` tells where there is none (`unknown_track`), or the browser has
   *  no decoder for it (`unsupported`). */
  chooseAudio(track: number): void {
    this.#chosen.audio = track;
    this.#port?.send({ type: 'choose', track });
    this.#listTracks();
  }

  /** Shows the subtitles of a track, by its id in `info.tracks`; null: none. Only tracks with `text` have some that can be shown. */
  chooseSubtitles(track: number | null): void {
    this.#chosen.subtitle = track;
    for (const cue of [...(this.#textTrack.cues ?? [])]) this.#textTrack.removeCue(cue);
    this.#textTrack.mode = track === null ? 'disabled' : 'showing';
    this.#port?.send({ type: 'subtitles', track });
    this.#port?.send({ type: 'tick', time: this.currentTime, paused: this.video.paused });
    this.#listTracks();
  }

  #unload(): void {
    this.info = this.verdict = null;
    this.#message.hidden = this.#controls.lock.hidden = true;
    if (!this.#port) return;
    this.#port.send({ type: 'close' });
    this.#port.close();
    this.#port = undefined;
    this.chooseSubtitles(null);
    // Without its source the video is at time 0 again: the next file begins there, not where this one was.
    this.video.srcObject = null;
    this.video.removeAttribute('src');
    this.video.load();
  }

  #load(): void {
    this.#due = false;
    this.#unload();
    const { video } = this;
    for (const name of ['muted', 'loop', 'poster', 'autoplay']) if (this.hasAttribute(name)) video.setAttribute(name, this.getAttribute(name)!);
    video.muted = this.hasAttribute('muted');
    const [url = '', fragment = ''] = (this.getAttribute('src') ?? '').split('#');
    if (!url && !this.#file) return;
    const key = new URLSearchParams(fragment).get('key') ?? (this.hasAttribute('key-in-location') ? new URLSearchParams(location.hash.slice(1)).get('key') : null);
    const verify = this.getAttribute('verify');
    const credentials = this.getAttribute('credentials') as RequestCredentials | null;
    const src = this.#file ?? new URL(url, document.baseURI).href;
    this.#port = connect((message) => this.#take(message));
    this.#port.send({ type: 'open', src, time: video.currentTime, ...(key && { key }), ...(verify && { verify }), ...(credentials && { credentials }) });
  }

  #take(message: FromSession): void {
    switch (message.type) {
      case 'info':
        return this.#takeInfo(message.info);
      case 'chosen':
        this.#chosen = { video: message.video, audio: message.audio, subtitle: null };
        return this.#listTracks();
      case 'source':
        return this.#attach(message.source);
      case 'cue':
        if (message.track === this.#chosen.subtitle) this.#textTrack.addCue(plainCue(message.cue));
        return;
      case 'goto':
        this.currentTime = message.time;
        return;
      case 'verdict':
        this.verdict = message.verdict;
        this.#showLock();
        return this.#tell('verdict', message.verdict);
      case 'lost':
        return this.#tell('lost', message);
      case 'error':
        this.#message.textContent = message.message;
        this.#message.hidden = false;
        this.#tell('error', message);
    }
  }

  #tell(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #takeInfo(info: FileInfo): void {
    this.info = info;
    this.#controls.showChapters(info.chapters, info.duration);
    this.#listTracks();
    this.#tell('info', info);
  }

  #listTracks(): void {
    if (!this.info) return;
    this.#controls.list(this.#controls.audio, ofKind(this.info, 'audio'), this.#chosen.audio);
    this.#controls.list(this.#controls.subtitles, ofKind(this.info, 'subtitle').filter((track) => track.text), this.#chosen.subtitle, 'No subtitles');
  }

  #attach(source: unknown): void {
    const { video } = this;
    if (source instanceof (globalThis.MediaSource ?? class {})) {
      video.src = URL.createObjectURL(source as MediaSource);
      video.addEventListener('loadedmetadata', () => URL.revokeObjectURL(video.src), { once: true });
    } else {
      video.disableRemotePlayback = true; // without it iOS does not play a ManagedMediaSource
      video.srcObject = source as MediaProvider;
    }
  }

  #tick(): void {
    const { video } = this;
    const controls = this.#controls;
    controls.show(video.currentTime, this.info?.duration ?? 0, video.paused);
    controls.bar.classList.toggle('quiet', !video.paused);
    this.#port?.send({ type: 'tick', time: video.currentTime, paused: video.paused });
  }

  #showLock(): void {
    const { lock } = this.#controls;
    const { failed, final, edits, signer, verified } = this.verdict!;
    lock.hidden = false;
    setIcon(lock, failed.length ? 'broken' : 'locked');
    lock.className = failed.length ? 'lock bad' : verified ? 'lock good' : 'lock';
    const state = failed.length ? `Not what was signed, from byte ${failed[0]!.offset} on: it is left out.` : `Signed by ${signer.slice(0, 16)}…: all that was shown is what was signed${final ? '' : ' so far'}${edits.length ? '; words were edited since' : ''}.`;
    lock.title = state;
    lock.setAttribute('aria-label', state);
  }

  #bindControls(): void {
    const { video } = this;
    const controls = this.#controls;
    const toggle = (): void => void (video.paused ? this.play().catch(() => {}) : this.pause());
    controls.play.onclick = video.onclick = toggle;
    controls.back.onclick = () => this.step(-1);
    controls.forward.onclick = () => this.step(1);
    controls.mute.onclick = () => (video.muted = !video.muted);
    controls.volume.oninput = () => (video.volume = Number(controls.volume.value));
    controls.slider.oninput = () => (this.currentTime = Number(controls.slider.value));
    controls.audio.onchange = () => this.chooseAudio(Number(controls.audio.value));
    controls.subtitles.onchange = () => this.chooseSubtitles(controls.subtitles.value === '' ? null : Number(controls.subtitles.value));
    controls.chapters.onchange = () => (this.currentTime = Number(controls.chapters.value));
    controls.picture.onclick = () => this.#togglePicture();
    controls.full.onclick = () => this.#toggleFull();
    video.onvolumechange = () => setIcon(controls.mute, video.muted ? 'muted' : 'sound');
    video.onplay = () => this.#tick();
    video.onseeking = () => this.#port?.send({ type: 'seek', time: video.currentTime });
    video.ontimeupdate = () => controls.show(video.currentTime, this.info?.duration ?? 0, video.paused);
    video.onerror = () => video.error && this.#take({ type: 'error', code: 'media', message: `The browser cannot play this: ${video.error.message}` });
  }

  #togglePicture(): void {
    if (document.pictureInPictureElement) void document.exitPictureInPicture();
    else void this.video.requestPictureInPicture?.().catch(() => {});
  }

  #toggleFull(): void {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void this.requestFullscreen?.().catch(() => {});
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const inside = event.composedPath()[0];
    if (inside instanceof HTMLSelectElement || (inside instanceof HTMLInputElement && event.key.startsWith('Arrow'))) return;
    if (inside instanceof HTMLButtonElement && (event.key === ' ' || event.key === 'Enter')) return;
    const { video } = this;
    const by = (seconds: number): void => void (this.currentTime = Math.max(0, Math.min(this.duration || 0, this.currentTime + seconds)));
    const keys: Record<string, () => void> = {
      ' ': () => this.#controls.play.click(), k: () => this.#controls.play.click(), ArrowLeft: () => by(-5), ArrowRight: () => by(5), j: () => by(-10), l: () => by(10),
      ArrowUp: () => (video.volume = Math.min(1, video.volume + 0.1)), ArrowDown: () => (video.volume = Math.max(0, video.volume - 0.1)),
      m: () => (video.muted = !video.muted), f: () => this.#toggleFull(), i: () => this.#togglePicture(), ',': () => this.step(-1), '.': () => this.step(1),
      c: () => this.#nextSubtitles(), Home: () => (this.currentTime = 0), End: () => by(Infinity), '[': () => this.#chapter(-1), ']': () => this.#chapter(1),
    };
    const action = keys[event.key] ?? (/^[0-9]$/.test(event.key) ? () => (this.currentTime = ((this.duration || 0) * Number(event.key)) / 10) : undefined);
    if (!action) return;
    event.preventDefault();
    action();
  }

  #nextSubtitles(): void {
    const ids = [null, ...ofKind(this.info, 'subtitle').filter((track) => track.text).map((track) => track.id)];
    this.chooseSubtitles(ids[(ids.indexOf(this.#chosen.subtitle) + 1) % ids.length]!);
  }

  #chapter(by: number): void {
    const starts = (this.info?.chapters ?? []).map(({ start }) => start);
    const now = starts.findLastIndex((start) => start <= this.currentTime + 0.01);
    const start = starts[Math.max(0, now + by)];
    if (start !== undefined) this.currentTime = start;
  }
}

function ofKind(info: FileInfo | null, kind: string): TrackInfo[] {
  return (info?.tracks ?? []).filter((track) => track.kind === kind);
}

/** Entities instead of tags: the text of a cue is parsed as WebVTT. */
function plainCue({ start, end, text }: { start: number; end: number; text: string }): VTTCue {
  const cue = new VTTCue(start, end, text.replace(/&/g, '&amp;').replace(/</g, '&lt;'));
  cue.line = -6; // above the controls
  return cue;
}

/** Made when this module is loaded, so that the first player need not wait for it; null where a MediaSource cannot be in a worker. */
const broken = new WeakSet<Worker>();
let spare: Worker | null = makeWorker();

function makeWorker(): Worker | null {
  const source = globalThis.MediaSource as { canConstructInDedicatedWorker?: boolean } | undefined;
  if (!source?.canConstructInDedicatedWorker) return null;
  try {
    const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
    worker.addEventListener('error', () => broken.add(worker));
    return worker;
  } catch {
    return null; // the module is of another origin than the page
  }
}

function takeWorker(): Worker | null {
  const worker = spare ?? makeWorker();
  spare = null;
  return worker;
}

/** A worker where the browser can have a MediaSource there, else the same on the page. */
function connect(take: (message: FromSession) => void): Port {
  const waiting: ToSession[] = [];
  let target: ((message: ToSession) => void) | undefined;
  let closed = false;
  const use = (send: (message: ToSession) => void): void => {
    target = send;
    waiting.forEach(send);
  };
  const onPage = async (): Promise<void> => {
    const { Session } = await import('./player/session.js');
    const session = new Session((message) => closed || take(message), false);
    use((message) => session.handle(message));
  };
  const worker = takeWorker();
  if (worker && !broken.has(worker)) {
    let answered = false;
    worker.onmessage = ({ data }) => {
      answered = true;
      if (!closed) take(data as FromSession);
    };
    // The script may not be there, as where a bundler did not take it along.
    worker.onerror = () => void (answered || closed || onPage());
    target = (message) => {
      if (!answered) waiting.push(message);
      worker.postMessage(message);
    };
  } else {
    void onPage();
  }
  return {
    send: (message) => (target ? target(message) : void waiting.push(message)),
    close: () => {
      closed = true;
      setTimeout(() => worker?.terminate(), 100);
    },
  };
}

declare global {
  interface HTMLElementTagNameMap {
    'h4mk-player': H4mkPlayer;
  }
}

if (typeof customElements !== 'undefined' && !customElements.get('h4mk-player')) customElements.define('h4mk-player', H4mkPlayer);
