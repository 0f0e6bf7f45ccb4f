// SPDX-License-Identifier: MIT
// The buttons of the player. Names of a file are set as text, never as markup.
import type { Chapter } from '../read/file.js';
import type { TrackInfo } from './session.js';

type Attributes = Record<string, string>;

export function make<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Attributes = {}, text = ''): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = text;
  return element;
}

export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(Number.isFinite(seconds) ? seconds : 0));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60].map((part) => String(part).padStart(2, '0'));
  return h === '00' ? `${m}:${s}` : `${h}:${m}:${s}`;
}

function button(label: string, sign: string): HTMLButtonElement {
  return make('button', { type: 'button', title: label, 'aria-label': label }, sign);
}

function menu(label: string): HTMLSelectElement {
  return make('select', { title: label, 'aria-label': label, hidden: '' });
}

export function labelOf(track: TrackInfo): string {
  return [track.name, track.language].filter(Boolean).join(' · ') || `${track.kind} ${track.id}`;
}

export class Controls {
  readonly bar = make('div', { class: 'bar', part: 'controls' });
  readonly play = button('Play (Space)', '▶');
  readonly back = button('One frame back (,)', '⏴|');
  readonly forward = button('One frame on (.)', '|⏵');
  readonly time = make('span', { class: 'time' }, '00:00');
  readonly mute = button('Mute (m)', '🔊');
  readonly volume = make('input', { type: 'range', class: 'volume', min: '0', max: '1', step: '0.05', value: '1', 'aria-label': 'Volume' });
  readonly audio = menu('Sound');
  readonly subtitles = menu('Subtitles (c)');
  readonly chapters = menu('Chapters');
  readonly lock = make('span', { class: 'lock', role: 'img', hidden: '' });
  readonly picture = button('Picture in picture (i)', '⧉');
  readonly full = button('Full screen (f)', '⛶');
  readonly slider = make('input', { type: 'range', min: '0', max: '1', step: 'any', value: '0', 'aria-label': 'Position' });
  private readonly seek = make('div', { class: 'seek' });

  constructor() {
    this.seek.append(this.slider);
    this.bar.append(this.seek, this.play, this.back, this.forward, this.time, make('span', { class: 'space' }), this.lock, this.chapters, this.audio,
      this.subtitles, this.mute, this.volume, this.picture, this.full);
  }

  show(time: number, duration: number, paused: boolean): void {
    this.time.textContent = `${clock(time)} / ${clock(duration)}`;
    this.slider.max = String(duration || 1);
    if (!this.slider.matches(':active')) this.slider.value = String(time);
    this.play.textContent = paused ? '▶' : '⏸';
  }

  /** Tracks of a kind, if there is a choice. */
  list(select: HTMLSelectElement, tracks: TrackInfo[], chosen: number | null, none?: string): void {
    const options = tracks.map((track) => make('option', { value: String(track.id) }, labelOf(track)));
    select.replaceChildren(...(none ? [make('option', { value: '' }, none)] : []), ...options);
    select.value = chosen === null ? '' : String(chosen);
    select.hidden = tracks.length < (none ? 1 : 2);
  }

  showChapters(chapters: Chapter[], duration: number): void {
    this.seek.querySelectorAll('.mark').forEach((mark) => mark.remove());
    this.chapters.replaceChildren(...chapters.map(({ title, start }, i) => make('option', { value: String(start) }, title || `Chapter ${i + 1}`)));
    this.chapters.hidden = !chapters.length;
    for (const { start } of chapters) {
      const mark = make('span', { class: 'mark' });
      mark.style.left = `${(100 * start) / (duration || 1)}%`;
      this.seek.append(mark);
    }
  }
}
