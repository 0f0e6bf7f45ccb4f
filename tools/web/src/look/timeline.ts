// SPDX-License-Identifier: MIT
// Lanes of bars over time, on a canvas. Knows nothing of files: who has lanes can draw them.
import { clock } from '../base/dom.js';
import type { Bar, Lane } from './model.js';

const LANE = 64;
const AXIS = 20;
const COLOURS: Record<string, string> = { I: '#2463d6', P: '#2a9d6f', B: '#e09f1f', span: '#8a94a6' };
const BAD = '#d92d20';
const LEAST_SECONDS = 0.05;
/** Of the largest time. In a shorter stretch numbers could not tell times apart. */
const LEAST_PART = 1e-12;
/** Pixels that a mark and its text take. */
const MARK_WIDTH = 90;
const STEPS = [0.04, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];

/** The marks of an axis: every `step` seconds, as many as have room. Their times are counted: a time beyond 2^53 plus a step may be the same time. */
export function axisOf(begin: number, end: number, width: number): { step: number; times: number[] } {
  const least = ((end - begin) * MARK_WIDTH) / width;
  const step = STEPS.find((s) => s > least) ?? 3600 * 10 ** Math.ceil(Math.log10(least / 3600));
  const first = Math.ceil(begin / step);
  const count = Math.max(0, Math.floor(end / step) - first + 1);
  return { step, times: Array.from({ length: Math.min(count, Math.ceil(width / MARK_WIDTH) + 1) }, (_, i) => (first + i) * step) };
}

export class Timeline {
  readonly canvas = document.createElement('canvas');
  lanes: Lane[] = [];
  /** Times where something is wrong. */
  marks: number[] = [];
  selected: Bar | null = null;
  begin = 0;
  end = 1;
  #whole: [number, number] = [0, 1];
  #least = LEAST_SECONDS;

  /** `onView`: another stretch is shown. `onPick`: a bar was clicked, or a place (in seconds) without one. */
  constructor(private readonly onView: () => void, private readonly onPick: (bar: Bar | null, time: number) => void) {
    const { canvas } = this;
    let drag: { x: number; begin: number; moved: boolean } | null = null;
    canvas.addEventListener('wheel', (event) => (event.preventDefault(), this.zoom(1.3 ** Math.sign(event.deltaY), this.#timeAt(event))), { passive: false });
    canvas.addEventListener('pointerdown', (event) => (drag = { x: event.clientX, begin: this.begin, moved: false }));
    canvas.addEventListener('pointermove', (event) => {
      if (!drag || !event.buttons || Math.abs(event.clientX - drag.x) < 4) return;
      drag.moved = true;
      this.#show(drag.begin - ((event.clientX - drag.x) / canvas.clientWidth) * (this.end - this.begin), this.end - this.begin);
    });
    canvas.addEventListener('pointerup', (event) => {
      if (drag && !drag.moved) this.#pick(event);
      drag = null;
    });
    canvas.addEventListener('dblclick', () => this.showAll());
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  /** The times that can be shown at most. */
  range(begin: number, end: number): void {
    this.#least = Math.max(LEAST_SECONDS, LEAST_PART * Math.max(Math.abs(begin), Math.abs(end)));
    this.#whole = [begin, Math.max(end, begin + this.#least)];
    this.showAll();
  }

  showAll(): void {
    this.#show(this.#whole[0], this.#whole[1] - this.#whole[0]);
  }

  zoom(by: number, around = (this.begin + this.end) / 2): void {
    const length = (this.end - this.begin) * by;
    this.#show(around - ((around - this.begin) / (this.end - this.begin)) * length, length);
  }

  #show(begin: number, length: number): void {
    const [first, last] = this.#whole;
    const kept = Math.max(this.#least, Math.min(length, last - first));
    this.begin = Math.max(first, Math.min(begin, last - kept));
    this.end = this.begin + kept;
    this.draw();
    this.onView();
  }

  #timeAt(event: MouseEvent): number {
    return this.begin + (event.offsetX / this.canvas.clientWidth) * (this.end - this.begin);
  }

  #pick(event: MouseEvent): void {
    const time = this.#timeAt(event);
    const lane = this.lanes[Math.floor((event.offsetY - AXIS) / LANE)];
    const near = lane?.bars.findLast((bar) => bar.start <= time) ?? null;
    this.onPick(near?.block ? near : null, time);
  }

  draw(): void {
    const { canvas, lanes } = this;
    const [width, height] = [canvas.clientWidth, AXIS + LANE * lanes.length];
    if (!width) return;
    const scale = globalThis.devicePixelRatio || 1;
    canvas.style.height = `${height}px`;
    canvas.width = width * scale;
    canvas.height = height * scale;
    const pen = canvas.getContext('2d')!;
    pen.scale(scale, scale);
    pen.font = '12px system-ui, sans-serif';
    const ink = getComputedStyle(canvas).color;
    const x = (time: number): number => ((time - this.begin) / (this.end - this.begin)) * width;
    this.#axis(pen, width, ink, x);
    lanes.forEach((lane, i) => this.#lane(pen, lane, AXIS + i * LANE, width, ink, x));
    pen.fillStyle = BAD;
    for (const time of this.marks) pen.fillRect(x(time) - 1, AXIS, 2, height - AXIS);
  }

  #axis(pen: CanvasRenderingContext2D, width: number, ink: string, x: (time: number) => number): void {
    const { step, times } = axisOf(this.begin, this.end, width);
    pen.fillStyle = ink;
    for (const time of times) {
      pen.fillRect(x(time), AXIS - 5, 1, 5);
      pen.fillText(step < 1 ? time.toFixed(2) + ' s' : clock(time), x(time) + 3, AXIS - 7);
    }
  }

  #lane(pen: CanvasRenderingContext2D, { label, bars }: Lane, top: number, width: number, ink: string, x: (time: number) => number): void {
    for (const [i, bar] of bars.entries()) {
      const next = bars[i + 1]?.start ?? bar.start + (bar.start - (bars[i - 1]?.start ?? bar.start - 0.04));
      if (next < this.begin || bar.start > this.end) continue;
      const from = x(bar.start);
      const wide = Math.max(1, Math.min(x(next) - from - (x(next) - from > 4 ? 1 : 0), width));
      const high = Math.max(2, bar.height * (LANE - 22));
      pen.fillStyle = COLOURS[bar.kind]!;
      pen.fillRect(from, top + LANE - 4 - high, wide, high);
      if (bar === this.selected || (bar.block && bar.block === this.selected?.block)) {
        pen.strokeStyle = ink;
        pen.strokeRect(from - 1, top + LANE - 5 - high, wide + 2, high + 2);
      }
    }
    pen.fillStyle = ink;
    pen.fillText(label, 4, top + 13);
  }
}
