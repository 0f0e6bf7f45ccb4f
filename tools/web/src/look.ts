// SPDX-License-Identifier: MIT
/** `<h4mk-look>`: a look into a file that is dropped on it, chosen, or named by `src`. Importing this module defines the element.
 *  @module h4mk/look */
import { clock, make } from './base/dom.js';
import { H4mkError } from './errors.js';
import { Block, FLAG, isFrame, timeOf } from './format/cluster.js';
import { hexLines } from './look/hex.js';
import { blocksOf, drawnTracks, flagsOf, labelOf, lanesOf, secondsOf, typeOf } from './look/model.js';
import { STYLE } from './look/style.js';
import { Timeline } from './look/timeline.js';
import { decodeFrame } from './player/thumbnails.js';
import { H4mkFile } from './read/file.js';
import type { Problem } from './read/problems.js';

const PICTURES = 8;
const MOST_HEX = 4096;
const MOST_PROBLEMS = 500;
/** Rows of a table. A file may have any number of tags. */
const MOST_ROWS = 500;
/** Files of this size are checked at once; larger ones when somebody asks for it. */
const CHECKED_AT_ONCE = 64 * 2 ** 20;

const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement; // so that the module can be imported without a page

/** The element `<h4mk-look>`. Attribute `src`: a file to open. Each event is a CustomEvent, of which `detail` is: of `opened` the H4mkFile, of `checked` the
 *  array of problems, of `error` what was thrown. */
export class H4mkLook extends Base {
  /** The attributes of which a change opens a file. */
  static readonly observedAttributes = ['src'];
  readonly #title = make('h1', {}, 'A look into an H4MK file');
  readonly #facts = make('div', { class: 'facts' });
  readonly #problems = make('section', { hidden: '' });
  readonly #lanes = make('section', { hidden: '' });
  readonly #notDrawn = make('div', { class: 'facts' });
  readonly #pictures = make('div', { class: 'pictures' });
  readonly #block = make('section', { hidden: '' });
  readonly #tables = make('div');
  readonly #timeline = new Timeline(() => this.#viewed(), (bar, time) => void (bar?.block ? this.showBlock(bar.block) : this.#near(time)));
  #file?: H4mkFile;
  /** Raised by each file and each view: what an older one still does is dropped. */
  #opened = 0;
  #views = 0;
  #settle?: ReturnType<typeof setTimeout>;

  /** As `document.createElement('h4mk-look')` makes it. */
  constructor() {
    super();
    const input = make('input', { type: 'file', accept: '.h4mk' });
    input.onchange = () => input.files?.[0] && void this.open(input.files[0]);
    const pick = make('label', { class: 'pick' }, 'choose one');
    pick.append(input);
    const hint = make('div', { class: 'facts' }, 'Drop a file here, or ');
    hint.append(pick);
    this.#fillLanes();
    this.attachShadow({ mode: 'open' }).append(make('style', {}, STYLE), this.#title, this.#facts, hint, this.#problems, this.#lanes, this.#block, this.#tables);
    this.addEventListener('dragover', (event) => (event.preventDefault(), this.classList.add('over')));
    this.addEventListener('dragleave', () => this.classList.remove('over'));
    this.addEventListener('drop', (event) => {
      event.preventDefault();
      this.classList.remove('over');
      const dropped = event.dataTransfer?.files[0];
      if (dropped) void this.open(dropped);
    });
  }

  /** Called by the browser when `src` is another one: opens it. */
  attributeChangedCallback(): void {
    const src = this.getAttribute('src');
    if (src) void this.open(new URL(src, document.baseURI).href);
  }

  /** Called by the browser when the element is taken out of the page: closes the file. */
  disconnectedCallback(): void {
    this.#opened++;
    this.#file?.close();
  }

  /** Shows an absolute URL, or a File that was dropped. What is wrong with it is told in the page and by the event `error`, and not thrown. Files of up to
   *  64 MiB are checked at once. */
  async open(from: string | File): Promise<void> {
    const opened = ++this.#opened;
    this.#file?.close();
    this.#title.textContent = typeof from === 'string' ? decodeURIComponent(new URL(from).pathname.split('/').at(-1)!) : from.name;
    this.#facts.textContent = 'reading …';
    for (const part of [this.#problems, this.#lanes, this.#block]) part.hidden = true;
    this.#tables.replaceChildren();
    try {
      const file = await H4mkFile.open(from);
      if (opened !== this.#opened) return file.close();
      this.#file = file;
      await this.#show(file);
      this.dispatchEvent(new CustomEvent('opened', { detail: file }));
      if (file.size <= CHECKED_AT_ONCE) await this.check();
    } catch (error) {
      if (opened === this.#opened) this.#fail(error);
    }
  }

  /** Reads all of the file, and lists what is damaged, and where: the first 500 problems. To be called after the event `opened`. */
  async check(): Promise<Problem[]> {
    const file = this.#file!;
    const opened = this.#opened;
    const found: Problem[] = [];
    let blocks = 0;
    let told = performance.now();
    this.#problems.hidden = false;
    for await (const { block } of file.blocks((problem) => found.length < MOST_PROBLEMS && found.push(problem))) {
      blocks++;
      if (performance.now() - told < 200) continue;
      told = performance.now();
      this.#problems.replaceChildren(make('h2', {}, `Checking: ${Math.round((100 * block.cluster.offset) / file.size)} %`));
      await new Promise((resolve) => setTimeout(resolve)); // the page stays free
      if (opened !== this.#opened) return found;
    }
    if (opened === this.#opened) await this.#listProblems(found, blocks);
    this.dispatchEvent(new CustomEvent('checked', { detail: found }));
    return found;
  }

  /** Shows a block of the open file: what the index says of it, its picture if it is one, and its first 4096 bytes. What cannot be read is told in
   *  the page. */
  async showBlock(block: Block): Promise<void> {
    const file = this.#file!;
    const track = file.track(block.track);
    const time = secondsOf(file, block);
    const of = (ticks: bigint | null): string => (ticks === null ? 'not known' : `${ticks} (${track.seconds(ticks).toFixed(6)} s)`);
    const facts = [
      ['track', labelOf(track)], ['ordinal', String(block.ordinal)], ['type', [typeOf(block), flagsOf(block)].filter(Boolean).join(', ')], ['pts', of(block.pts)], ['dts', of(block.dts)],
      ['duration', of(block.duration)], ['size', `${block.size} bytes`], ['stands', `at byte ${block.offset}, in the cluster at byte ${block.cluster.offset}`],
      ...block.sideData.map(({ name, data }) => ['side data', `${name}, ${data.length} bytes`]),
    ];
    const picture = make('div', { class: 'frame' });
    const hex = make('pre', {}, '…');
    this.#block.hidden = false;
    this.#block.replaceChildren(make('h2', {}, `Block ${block.ordinal} of track ${block.track}${time === null ? '' : ', ' + clock(time)}`), picture, tableOf(facts as string[][]), make('h2', {}, 'Bytes'), hex);
    this.#timeline.selected = { start: 0, height: 0, kind: '', block };
    this.#timeline.draw();
    try {
      const { data } = await (block.flags & FLAG.ENCRYPTED ? file.readStored(block).then((stored) => ({ data: stored })) : file.read(block));
      hex.textContent = hexLines(data.subarray(0, MOST_HEX)) + (data.length > MOST_HEX ? `\n… ${data.length - MOST_HEX} bytes more` : '');
    } catch (error) {
      hex.textContent = messageOf(error);
      hex.className = 'bad';
    }
    if (track.kind === 'video' && isFrame(block)) await this.#paint(picture, track.id, await file.frameAt(track.id, timeOf(block)!));
  }

  #fail(error: unknown): void {
    this.#facts.textContent = '';
    this.#problems.hidden = false;
    this.#problems.replaceChildren(make('h2', { class: 'bad' }, 'This file cannot be shown'), make('div', {}, messageOf(error)));
    this.dispatchEvent(new CustomEvent('error', { detail: error }));
  }

  #fillLanes(): void {
    const bar = make('div', { class: 'facts' });
    const button = (text: string, action: () => void): void => void (bar.append(make('button', { type: 'button' }, text)), ((bar.lastChild as HTMLButtonElement).onclick = action));
    button('+', () => this.#timeline.zoom(1 / 2));
    button('−', () => this.#timeline.zoom(2));
    button('whole file', () => this.#timeline.showAll());
    for (const [name, colour] of [['I', '#2463d6'], ['P', '#2a9d6f'], ['B', '#e09f1f'], ['cluster', '#8a94a6']] as const) bar.append(make('span', { class: 'key', style: `--c: ${colour}` }, name));
    bar.append(make('span', {}, '\u2003wheel: zoom; drag: move; click: a block'));
    this.#timeline.canvas.className = 'lanes';
    this.#lanes.append(bar, this.#timeline.canvas, this.#notDrawn, this.#pictures);
  }

  async #show(file: H4mkFile): Promise<void> {
    const { tracks, chapters } = file;
    const blocks = [...tracks.keys()].reduce((sum, id) => sum + file.totals(id).blocks, 0);
    this.#facts.textContent = [
      `${file.size.toLocaleString('en')} bytes`, clock(file.duration), `${tracks.size} tracks`, `${blocks.toLocaleString('en')} blocks`, file.closed ? 'closed' : 'without an end',
      ...(file.encrypted ? ['encrypted'] : []),
    ].join(', ');
    const rows = [...tracks.values()].map((track) => {
      const { blocks: count, bytes, end } = file.totals(track.id);
      const seconds = end === null ? 0 : track.seconds(end);
      return [labelOf(track), `${track.timeBase[0]}/${track.timeBase[1]}`, count.toLocaleString('en'), bytes.toLocaleString('en'), seconds ? `${((bytes * 8) / seconds / 1000).toFixed(1)} kb/s` : '', clock(seconds)];
    });
    this.#tables.replaceChildren(
      section('Tracks', tableOf(rows, ['track', 'time base', 'blocks', 'bytes', 'rate', 'end'])),
      ...(chapters.length ? [section('Chapters', tableOf(chapters.map(({ start, title }) => [clock(start), title])))] : []),
      section('Metadata', tableOf(Object.entries(file.tags))));
    if (file.size > CHECKED_AT_ONCE) {
      const ask = make('button', { type: 'button' }, 'Check all of the file');
      ask.onclick = () => void this.check();
      this.#problems.hidden = false;
      this.#problems.replaceChildren(ask);
    }
    const drawn = drawnTracks(file).length;
    this.#notDrawn.textContent = drawn < tracks.size ? `The first ${drawn} tracks are drawn, of ${tracks.size}.` : '';
    this.#lanes.hidden = false;
    this.#timeline.marks = [];
    this.#timeline.lanes = await lanesOf(file);
    const starts = this.#timeline.lanes.flatMap(({ bars }) => (bars[0] ? [bars[0].start] : []));
    this.#timeline.range(Math.min(0, ...starts), file.duration);
  }

  /** Once the view stands still: its blocks, and pictures of it. */
  #viewed(): void {
    clearTimeout(this.#settle);
    const view = ++this.#views;
    this.#settle = setTimeout(() => void this.#fill(view).catch((error) => view === this.#views && this.#fail(error)), 150);
  }

  async #fill(view: number): Promise<void> {
    const [file, timeline] = [this.#file, this.#timeline];
    if (!file) return;
    const { begin, end } = timeline;
    const lanes = (await blocksOf(file, begin, end)) ?? (await lanesOf(file));
    if (view !== this.#views || file !== this.#file) return;
    timeline.lanes = lanes;
    timeline.draw();
    const video = [...file.tracks.values()].find((track) => track.kind === 'video');
    this.#pictures.replaceChildren();
    if (!video || typeof VideoDecoder === 'undefined') return;
    for (let i = 0; i < PICTURES; i++) {
      const time = begin + ((i + 0.5) / PICTURES) * (end - begin);
      const number = await file.frameAt(video.id, video.ticks(time));
      if (view !== this.#views) return;
      const figure = make('figure');
      this.#pictures.append(figure);
      if (number < 0 || !(await this.#paint(figure, video.id, number))) continue;
      figure.append(make('figcaption', {}, `${clock(time)} · frame ${number}`));
    }
  }

  async #paint(into: HTMLElement, track: number, number: number): Promise<boolean> {
    try {
      const frame = await decodeFrame(this.#file!, track, number);
      const canvas = make('canvas');
      canvas.width = frame.displayWidth;
      canvas.height = frame.displayHeight;
      canvas.getContext('2d')!.drawImage(frame, 0, 0);
      frame.close();
      into.prepend(canvas);
      return true;
    } catch (error) {
      into.append(make('figcaption', {}, messageOf(error)));
      return false;
    }
  }

  /** The block of a video track that is shown at a time. */
  async #near(time: number): Promise<void> {
    const file = this.#file!;
    const track = [...file.tracks.values()].find(({ kind }) => kind === 'video') ?? [...file.tracks.values()][0];
    const number = track ? await file.frameAt(track.id, track.ticks(time)) : -1;
    const place = number >= 0 ? await file.frame(track!.id, number) : null;
    if (place) await this.showBlock(place.block);
  }

  async #listProblems(found: Problem[], blocks: number): Promise<void> {
    const file = this.#file!;
    this.#timeline.marks = await this.#timesOf(found);
    this.#timeline.draw();
    if (!found.length) return this.#problems.replaceChildren(make('h2', { class: 'good' }, `Nothing is damaged: ${blocks.toLocaleString('en')} blocks were read`));
    const rows = found.map((problem) => {
      const at = make('button', { type: 'button', class: 'link' }, `byte ${problem.offset}`);
      at.onclick = () => void this.#showBytes(problem.offset);
      const lost = problem.blocks?.length ? `${problem.blocks.length} blocks: ${problem.blocks.slice(0, 8).map(([track, ordinal]) => `${track}/${ordinal}`).join(', ')}` : '';
      const track = problem.track === undefined ? undefined : file.tracks.get(problem.track);
      return [at, problem.kind.replace(/_/g, ' '), track ? labelOf(track) : String(problem.track ?? ''), lost];
    });
    this.#problems.replaceChildren(make('h2', { class: 'bad' }, `${found.length === 1 ? '1 problem' : `${found.length}${found.length === MOST_PROBLEMS ? ' or more' : ''} problems`}; ${blocks.toLocaleString('en')} blocks were read`), tableOf(rows, ['where', 'what', 'track', 'lost']));
  }

  /** Where damage stands in time: that of the first cluster behind it. */
  async #timesOf(found: Problem[]): Promise<number[]> {
    const file = this.#file!;
    const [track] = [...file.tracks.values()].filter(({ kind }) => kind === 'video').concat(...file.tracks.values());
    const times: number[] = [];
    if (!track) return times;
    const offsets = found.map(({ offset }) => offset).sort((a, b) => a - b);
    for await (const { span } of file.internals.state.index.all(track.id)) {
      for (; offsets.length && offsets[0]! <= span.cluster; offsets.shift()) times.push(track.seconds(span.firstTime));
      if (!offsets.length) break;
    }
    return times.concat(offsets.map(() => file.duration));
  }

  async #showBytes(offset: number): Promise<void> {
    const { bytes } = this.#file!.internals;
    const shown = await bytes.read(offset, Math.min(bytes.size, offset + MOST_HEX));
    this.#block.hidden = false;
    this.#block.replaceChildren(make('h2', {}, `The file from byte ${offset} on`), make('pre', {}, hexLines(shown, offset)));
  }
}

function messageOf(error: unknown): string {
  if (error instanceof H4mkError) return error.message + (error.offset === undefined ? '' : ` (byte ${error.offset})`);
  return error instanceof Error ? error.message : String(error);
}

function section(title: string, ...children: Node[]): HTMLElement {
  const made = make('section', {});
  made.append(make('h2', {}, title), ...children);
  return made;
}

/** Cells are texts, or elements. Of many rows the first ones, and how many there are more. */
function tableOf(rows: (string | Node)[][], heads: string[] = []): HTMLTableElement {
  const table = make('table');
  const add = (cells: (string | Node)[], tag: 'th' | 'td'): void => {
    const row = table.insertRow();
    for (const cell of cells) {
      const made = make(tag);
      made.append(cell);
      row.append(made);
    }
  };
  if (heads.length) add(heads, 'th');
  rows.slice(0, MOST_ROWS).forEach((cells) => add(cells, 'td'));
  if (rows.length > MOST_ROWS) add([`… ${(rows.length - MOST_ROWS).toLocaleString('en')} more`], 'td');
  return table;
}

declare global {
  interface HTMLElementTagNameMap {
    'h4mk-look': H4mkLook;
  }
}

if (typeof customElements !== 'undefined' && !customElements.get('h4mk-look')) customElements.define('h4mk-look', H4mkLook);
