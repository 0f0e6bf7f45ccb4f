// SPDX-License-Identifier: MIT
// Windows, the FFT in double precision, and sound from frames that overlap (adapters.md, "Adapter dsp").

/** Of a signal with `size` complex values, any size: by its prime factors. The inverse is not scaled. */
export class Fft {
  readonly #cos: Float64Array;
  readonly #sin: Float64Array;

  constructor(readonly size: number, inverse: boolean) {
    this.#cos = Float64Array.from({ length: size }, (_, k) => Math.cos((2 * Math.PI * k) / size));
    this.#sin = Float64Array.from({ length: size }, (_, k) => (inverse ? 1 : -1) * Math.sin((2 * Math.PI * k) / size));
  }

  transform(re: Float64Array, im: Float64Array): { re: Float64Array; im: Float64Array } {
    const out = { re: new Float64Array(this.size), im: new Float64Array(this.size) };
    this.#part(re, im, 0, 1, this.size, out.re, out.im, 0);
    return out;
  }

  /** The transform of every `stride`-th value from `from` on, `n` of them. */
  #part(re: Float64Array, im: Float64Array, from: number, stride: number, n: number, outRe: Float64Array, outIm: Float64Array, to: number): void {
    if (n === 1) {
      outRe[to] = re[from]!;
      outIm[to] = im[from]!;
      return;
    }
    const p = smallestFactor(n);
    const m = n / p;
    for (let q = 0; q < p; q++) this.#part(re, im, from + q * stride, stride * p, m, outRe, outIm, to + q * m);
    const [a, b] = [new Float64Array(p), new Float64Array(p)];
    for (let k = 0; k < m; k++) {
      for (let q = 0; q < p; q++) {
        a[q] = outRe[to + q * m + k]!;
        b[q] = outIm[to + q * m + k]!;
      }
      for (let r = 0; r < p; r++) {
        let [x, y] = [0, 0];
        for (let q = 0; q < p; q++) {
          const turn = ((q * (k + r * m)) % n) * stride;
          const [c, s] = [this.#cos[turn]!, this.#sin[turn]!];
          x += a[q]! * c - b[q]! * s;
          y += a[q]! * s + b[q]! * c;
        }
        outRe[to + r * m + k] = x;
        outIm[to + r * m + k] = y;
      }
    }
  }
}

function smallestFactor(n: number): number {
  for (let p = 2; p * p <= n; p++) if (n % p === 0) return p;
  return n;
}

export function hasSmallFactorsOnly(n: number): boolean {
  for (const factor of [2, 3, 5]) while (n > 0 && n % factor === 0) n /= factor;
  return n === 1;
}

/** 0 Hann, 1 sine, 2 rectangular; rounded to float. */
export function makeWindow(window: number, size: number): Float32Array {
  return Float32Array.from({ length: size }, (_, k) =>
    window === 0 ? 0.5 - 0.5 * Math.cos((2 * Math.PI * k) / (size - 1)) : window === 1 ? Math.sin((Math.PI * (k + 0.5)) / size) : 1);
}

/** Bins 0 … size / 2 of a real signal. */
export interface Bins {
  re: Float64Array;
  im: Float64Array;
}

export const binCount = (size: number): number => Math.floor(size / 2) + 1;

export function makeBins(size: number): Bins {
  return { re: new Float64Array(binCount(size)), im: new Float64Array(binCount(size)) };
}

export function setPolar(bins: Bins, k: number, magnitude: number, phase: number): void {
  bins.re[k] = magnitude * Math.cos(phase);
  bins.im[k] = magnitude * Math.sin(phase);
}

const LEAST_WINDOW_SUM = 1e-6;

/** Adds frames, each `hop` samples behind the one before. */
export class Synthesis {
  readonly #fft: Fft;
  readonly #window: Float32Array;
  readonly #gain: Float64Array;
  #sum: Float64Array;

  /** `squared`: frames were windowed when they were made. */
  constructor(readonly size: number, readonly hop: number, window: number, squared: boolean) {
    this.#fft = new Fft(size, true);
    this.#window = makeWindow(window, size);
    this.#sum = new Float64Array(size);
    const gain = new Float64Array(hop);
    this.#window.forEach((w, k) => (gain[k % hop]! += squared ? w * w : w));
    this.#gain = gain.map((sum) => (sum < LEAST_WINDOW_SUM ? 0 : 1 / (sum * size)));
  }

  /** The samples that no later frame reaches. */
  add({ re, im }: Bins): Float32Array {
    const { size, hop } = this;
    const [fullRe, fullIm] = [new Float64Array(size), new Float64Array(size)];
    fullRe[0] = re[0]!;
    for (let k = 1; k < binCount(size); k++) {
      fullRe[k] = fullRe[size - k] = re[k]!;
      fullIm[k] = im[k]!;
      fullIm[size - k] = -im[k]!;
    }
    if (size % 2 === 0) fullIm[size / 2] = 0;
    const { re: samples } = this.#fft.transform(fullRe, fullIm);
    for (let k = 0; k < size; k++) this.#sum[k]! += samples[k]! * this.#window[k]!;
    const out = Float32Array.from({ length: hop }, (_, k) => this.#sum[k]! * this.#gain[k]!);
    this.#sum.copyWithin(0, hop);
    this.#sum.fill(0, size - hop);
    return out;
  }

  reset(): void {
    this.#sum.fill(0);
  }
}
