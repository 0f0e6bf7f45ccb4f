// SPDX-License-Identifier: MIT
// Boxes of ISO/IEC 14496-12, as far as Media Source Extensions need them: an initialization segment and fragments.
import { concat, join } from '../base/concat.js';

type Part = Uint8Array | string | number[];

const bytesOf = (part: Part): Uint8Array | string => (Array.isArray(part) ? new Uint8Array(part) : part);

/** Numbers are written big-endian in `size` bytes each. */
export function be(size: number, ...values: number[]): Uint8Array {
  const bytes = new Uint8Array(size * values.length);
  values.forEach((value, i) => {
    for (let k = size - 1, left = value; k >= 0; k--, left = Math.floor(left / 256)) bytes[i * size + k] = left & 255;
  });
  return bytes;
}

export function box(type: string, ...parts: Part[]): Uint8Array {
  const payload = concat(...parts.map(bytesOf));
  return concat(be(4, payload.length + 8), type, payload);
}

const full = (type: string, version: number, flags: number, ...parts: Part[]): Uint8Array => box(type, be(1, version), be(3, flags), ...parts);
const zeros = (count: number): Uint8Array => new Uint8Array(count);
const MATRIX = be(4, 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);

/** What an initialization segment says of its one track. */
export interface Format {
  kind: 'video' | 'audio';
  /** For MediaSource.isTypeSupported and addSourceBuffer. */
  mime: string;
  timescale: number;
  width: number;
  height: number;
  /** The sample entry: avc1, mp4a and so on. */
  entry: Uint8Array;
}

export function initSegment({ kind, timescale, width, height, entry }: Format): Uint8Array {
  const video = kind === 'video';
  const tkhd = full('tkhd', 0, 3, zeros(8), be(4, 1), zeros(8), zeros(8), be(2, 0, 0, video ? 0 : 0x100, 0), MATRIX, be(4, width * 65536, height * 65536));
  const mdhd = full('mdhd', 0, 0, zeros(8), be(4, timescale, 0), be(2, 0x55c4, 0));
  const hdlr = full('hdlr', 0, 0, zeros(4), video ? 'vide' : 'soun', zeros(13));
  const header = video ? full('vmhd', 0, 1, zeros(8)) : full('smhd', 0, 0, zeros(4));
  const dinf = box('dinf', full('dref', 0, 0, be(4, 1), full('url ', 0, 1)));
  const tables = [full('stts', 0, 0, be(4, 0)), full('stsc', 0, 0, be(4, 0)), full('stsz', 0, 0, be(4, 0, 0)), full('stco', 0, 0, be(4, 0))];
  const stbl = box('stbl', full('stsd', 0, 0, be(4, 1), entry), ...tables);
  const mdia = box('mdia', mdhd, hdlr, box('minf', header, dinf, stbl));
  const mvhd = full('mvhd', 0, 0, zeros(8), be(4, timescale, 0, 0x10000), be(2, 0x100), zeros(10), MATRIX, zeros(24), be(4, 2));
  const mvex = box('mvex', full('trex', 0, 0, be(4, 1, 1, 0, 0, 0)));
  return concat(box('ftyp', 'iso5', be(4, 512), 'iso5iso6mp41'), box('moov', mvhd, box('trak', tkhd, mdia), mvex));
}

export interface Sample {
  data: Uint8Array;
  /** In units of the timescale. */
  duration: number;
  offset: number;
  key: boolean;
}

const KEY_FLAGS = 0x02000000;
const OTHER_FLAGS = 0x01010000;

/** moof and mdat of samples that follow each other, of which the first one is decoded at `time`, 0 or more. */
export function fragment(sequence: number, time: number, samples: Sample[]): Uint8Array {
  const entries = samples.map(({ data, duration, offset, key }) => be(4, duration, data.length, key ? KEY_FLAGS : OTHER_FLAGS, offset));
  const make = (dataOffset: number): Uint8Array => {
    const tfhd = full('tfhd', 0, 0x20000, be(4, 1));
    const tfdt = full('tfdt', 1, 0, be(8, time));
    const trun = full('trun', 1, 0xf01, be(4, samples.length, dataOffset), join(entries));
    return box('moof', full('mfhd', 0, 0, be(4, sequence)), box('traf', tfhd, tfdt, trun));
  };
  const moof = make(make(0).length + 8);
  const size = samples.reduce((sum, { data }) => sum + data.length, 8);
  return join([moof, be(4, size), 'mdat', ...samples.map(({ data }) => data)]);
}

export function videoEntry(type: string, width: number, height: number, ...children: Uint8Array[]): Uint8Array {
  return box(type, zeros(6), be(2, 1), zeros(16), be(2, width, height), be(4, 0x480000, 0x480000, 0), be(2, 1), zeros(32), be(2, 24, 0xffff), ...children);
}

export function audioEntry(type: string, channels: number, rate: number, ...children: Uint8Array[]): Uint8Array {
  return box(type, zeros(6), be(2, 1), zeros(8), be(2, channels, 16, 0, 0), be(2, rate < 65536 ? rate : 0, 0), ...children);
}

/** esds: the configuration of AAC and MP3. */
export function esds(objectType: number, config: Uint8Array): Uint8Array {
  const descriptor = (tag: number, ...parts: Uint8Array[]): Uint8Array => {
    const payload = concat(...parts);
    return concat(be(1, tag, 0x80 | ((payload.length >> 21) & 127), 0x80 | ((payload.length >> 14) & 127), 0x80 | ((payload.length >> 7) & 127), payload.length & 127), payload);
  };
  const info = config.length ? descriptor(5, config) : zeros(0);
  const decoder = descriptor(4, be(1, objectType, 0x15), zeros(3), zeros(8), info);
  return full('esds', 0, 0, descriptor(3, be(2, 1), zeros(1), decoder, descriptor(6, be(1, 2))));
}
