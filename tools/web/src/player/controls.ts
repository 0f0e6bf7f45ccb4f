// SPDX-License-Identifier: MIT
// The buttons of the player. Names of a file are set as text, never as markup.
import { clock, make } from '../base/dom.js';
import type { Chapter } from '../read/file.js';
import type { TrackInfo } from './session.js';

/** Paths on 24 by 24 units: fonts do not have all signs. */
const ICONS = {
  play: 'M7 4v16l13-8z', pause: 'M6 4h4v16H6zM14 4h4v16h-4z', back: 'M16 4v16L6 12zM17 4h3v16h-3z', on: 'M8 4v16l10-8zM4 4h3v16H4z',
  sound: 'M3 9v6h4l5 5V4L7 9zM15 8v8q4-4 0-8z', muted: 'M3 9v6h4l5 5V4L7 9zM15 9l6 6-1 1-6-6zM21 9l-6 6-1-1 6-6z',
  picture: 'M3 5h18v14H3zM5 7v10h14V7zM11 11h7v5h-7z', full: 'M4 4h6v2H6v4H4zM14 4h6v6h-2V6h-4zM4 14h2v4h4v2H4zM18 14h2v6h-6v-2h4z',
  locked: 'M6 10V8a6 6 0 0 1 12 0v2h1v11H5V10zM8 10h8V8a4 4 0 0 0-8 0z', broken: 'M5 10h11V8a4 4 0 0 0-8 0H6a6 6 0 0 1 12 0v2h1v11H5z',
};
const SVG = 'http://www.w3.org/2000/svg';

export function setIcon(element: Element, name: keyof typeof ICONS): void {
  if (element.getAttribute('data-icon') === name) return;
  element.setAttribute('data-icon', name);
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICONS[name]);
  path.setAttribute('fill-rule', 'evenodd');
  svg.append(path);
  element.replaceChildren(svg);
}

function button(label: string, icon: keyof typeof ICONS): HTMLButtonElement {
  const made = make('button', { type: 'button', title: label, 'aria-label': label });
  setIcon(made, icon);
  return made;
}

function menu(label: string): HTMLSelectElement {
  return make('select', { title: label, 'aria-label': label, hidden: '' });
}

export function labelOf(track: TrackInfo): string {
  return [track.name, track.language].filter(Boolean).join(' · ') || `${track.kind} ${track.id}`;
}

export class Controls {
  readonly bar = make('div', { class: 'bar', part: 'controls' });
  readonly play = button('Play (Space)', 'play');
  readonly back = button('One frame back (,)', 'back');
  readonly forward = button('One frame on (.)', 'on');
  readonly time = make('span', { class: 'time' }, '00:00');
  readonly mute = button('Mute (m)', 'sound');
  readonly volume = make('input', { type: 'range', class: 'volume', min: '0', max: '1', step: '0.05', value: '1', 'aria-label': 'Volume' });
  readonly audio = menu('Sound');
  readonly subtitles = menu('Subtitles (c)');
  readonly chapters = menu('Chapters');
  readonly lock = make('span', { class: 'lock', role: 'img', hidden: '' });
  readonly picture = button('Picture in picture (i)', 'picture');
  readonly full = button('Full screen (f)', 'full');
  readonly slider = make('input', { type: 'range', min: '0', max: '1', step: 'any', value: '0', 'aria-label': 'Position' });
  readonly #seek = make('div', { class: 'seek' });

  constructor() {
    this.#seek.append(this.slider);
    this.bar.append(this.#seek, this.play, this.back, this.forward, this.time, make('span', { class: 'space' }), this.lock, this.chapters, this.audio,
      this.subtitles, this.mute, this.volume, this.picture, this.full);
  }

  show(time: number, duration: number, paused: boolean): void {
    this.time.textContent = `${clock(time)} / ${clock(duration)}`;
    this.slider.max = String(duration || 1);
    if (!this.slider.matches(':active')) this.slider.value = String(time);
    setIcon(this.play, paused ? 'play' : 'pause');
  }

  /** Tracks of a kind, if there is a choice. */
  list(select: HTMLSelectElement, tracks: TrackInfo[], chosen: number | null, none?: string): void {
    const options = tracks.map((track) => make('option', { value: String(track.id) }, labelOf(track)));
    select.replaceChildren(...(none ? [make('option', { value: '' }, none)] : []), ...options);
    select.value = chosen === null ? '' : String(chosen);
    select.hidden = tracks.length < (none ? 1 : 2);
  }

  showChapters(chapters: Chapter[], duration: number): void {
    this.#seek.querySelectorAll('.mark').forEach((mark) => mark.remove());
    this.chapters.replaceChildren();
    for (const [i, { title, start }] of chapters.entries()) this.chapters.append(make('option', { value: String(start) }, title || `Chapter ${i + 1}`));
    this.chapters.hidden = !chapters.length;
    for (const { start } of chapters) {
      const mark = make('span', { class: 'mark' });
      mark.style.left = `${(100 * start) / (duration || 1)}%`;
      this.#seek.append(mark);
    }
  }
}
