// SPDX-License-Identifier: MIT
// From a track to what Media Source Extensions take: a codec string, a sample entry, and samples as MP4 has them.
import type { Track } from '../format/tracks.js';
import { concat } from '../base/concat.js';
import { Format, audioEntry, be, box, esds, videoEntry } from './boxes.js';
import * as nal from './nal.js';

/** How a track is played. */
export interface Playable extends Format {
  /** A block's data as a sample of MP4 has it. */
  sample: (data: Uint8Array) => Uint8Array;
  /** The codec string alone, for WebCodecs, and the decoder's configuration there. */
  codec: string;
  config: Uint8Array;
  /** MP3, which browsers take as it is, without MP4 around it: where it begins is told by the timestampOffset. */
  bare?: boolean;
}

type Made = { codec: string; entry: Uint8Array; config: Uint8Array; bare?: boolean; sample?: (data: Uint8Array) => Uint8Array };

const hex = (value: number): string => value.toString(16).padStart(2, '0');
const two = (value: number): string => String(value).padStart(2, '0');

/** Null for a codec that MP4 in browsers has no way for, or whose configuration is missing. `first` is the data of its first key block. */
export function playable(track: Track, first: Uint8Array): Playable | null {
  const made = Object.hasOwn(CODECS, track.codec) ? CODECS[track.codec]!(track, first) : null; // a file may name what all objects have
  if (!made || (track.kind !== 'video' && track.kind !== 'audio')) return null;
  const [, den] = track.timeBase;
  return {
    kind: track.kind, mime: made.bare ? 'audio/mpeg' : `${track.kind}/mp4; codecs="${made.codec}"`, ...(made.bare && { bare: true }), timescale: den, width: track.number('width'), height: track.number('height'),
    entry: made.entry, sample: made.sample ?? ((data) => data), codec: made.codec, config: made.config,
  };
}

const CODECS: Record<string, (track: Track, first: Uint8Array) => Made | null> = {
  h264: (track, first) => {
    const { config, sample } = unitsWithLengths(track, first, 'avcConfig');
    if (!config || config.length < 7) return null;
    const codec = 'avc1.' + hex(config[1]!) + hex(config[2]!) + hex(config[3]!);
    return { codec, config, entry: picture(track, 'avc1', box('avcC', config)), sample };
  },
  hevc: (track, first) => {
    const { config, sample } = unitsWithLengths(track, first, 'hevcConfig');
    if (!config || config.length < 23) return null;
    return { codec: hevcString(config), config, entry: picture(track, 'hvc1', box('hvcC', config)), sample };
  },
  av1: (track) => {
    const config = track.extradata;
    if (config.length < 4 || config[0] !== 0x81) return null;
    const [, first, second] = config as unknown as [number, number, number];
    const depth = second & 0x40 ? (second & 0x20 ? 12 : 10) : 8;
    return { codec: `av01.${first >> 5}.${two(first & 31)}${second & 0x80 ? 'H' : 'M'}.${two(depth)}`, config: new Uint8Array(0), entry: picture(track, 'av01', box('av1C', config)) };
  },
  vp9: (track) => {
    const profile = Math.max(0, track.number('profile'));
    const level = Math.max(10, track.number('level', 10));
    const format = track.text('pixel_format');
    const depth = /12/.test(format) ? 12 : /10/.test(format) ? 10 : 8;
    const chroma = /444/.test(format) ? 3 : /422/.test(format) ? 2 : 1;
    const config = concat(be(4, 0x01000000), be(1, profile, level, (depth << 4) | (chroma << 1), 2, 2, 2), be(2, 0));
    return { codec: `vp09.${two(profile)}.${two(level)}.${two(depth)}`, config: new Uint8Array(0), entry: picture(track, 'vp09', box('vpcC', config)) };
  },
  aac: (track, first) => {
    const adts = track.extradata.length ? null : adtsConfig(first);
    const config = adts ?? track.extradata;
    if (config.length < 2) return null;
    const type = config[0]! >> 3;
    return { codec: `mp4a.40.${type === 31 ? 2 : type}`, config, entry: sound(track, 'mp4a', esds(0x40, config)), sample: adts ? withoutAdts : undefined } as Made;
  },
  mp3: () => ({ codec: 'mp3', config: new Uint8Array(0), entry: new Uint8Array(0), bare: true }),
  opus: (track) => {
    const head = track.extradata;
    if (head.length < 19) return null;
    const view = new DataView(head.buffer, head.byteOffset);
    const dOps = concat(be(1, 0, head[9]!), be(2, view.getUint16(10, true)), be(4, view.getUint32(12, true)), be(2, view.getUint16(16, true)), head.subarray(18));
    return { codec: 'opus', config: head, entry: sound(track, 'Opus', box('dOps', dOps)) };
  },
  flac: (track) => {
    let info = track.extradata;
    if (String.fromCharCode(...info.subarray(0, 4)) === 'fLaC') info = info.subarray(8);
    if (info.length < 34) return null;
    const block = concat(be(1, 0x80), be(3, 34), info.subarray(0, 34));
    return { codec: 'flac', config: concat('fLaC', block), entry: sound(track, 'fLaC', box('dfLa', be(4, 0), block)) };
  },
};

/** Units as MP4 has them. What makes them of Annex B is not loaded later: the first frame would wait for one more request. */
function unitsWithLengths({ extradata }: Track, first: Uint8Array, kind: 'avcConfig' | 'hevcConfig'): { config: Uint8Array | null; sample?: Made['sample'] } {
  if (extradata[0] === 1) return { config: extradata };
  return { config: nal[kind](extradata.length ? extradata : first), sample: (data) => (nal.isAnnexB(data) ? nal.withLengths(data) : data) };
}

function picture(track: Track, type: string, config: Uint8Array): Uint8Array {
  const [, num, den] = /^(\d+)\/(\d+)$/.exec(track.text('sample_aspect_ratio')) ?? [];
  const square = !num || !den || num === den || num === '0' || den === '0';
  return videoEntry(type, track.number('width'), track.number('height'), config, square ? new Uint8Array(0) : box('pasp', be(4, Number(num), Number(den))));
}

function sound(track: Track, type: string, config: Uint8Array): Uint8Array {
  return audioEntry(type, track.number('channels') || 2, track.number('sample_rate') || 48000, config);
}

function hevcString(config: Uint8Array): string {
  const head = config[1]!;
  const compatibility = (config[2]! * 2 ** 24 + (config[3]! << 16) + (config[4]! << 8) + config[5]!) >>> 0;
  let reversed = 0;
  for (let i = 0; i < 32; i++) reversed = ((reversed << 1) | ((compatibility >>> i) & 1)) >>> 0;
  let constraints = [...config.subarray(6, 12)];
  while (constraints.length && constraints.at(-1) === 0) constraints = constraints.slice(0, -1);
  const parts = ['hvc1', ['', 'A', 'B', 'C'][head >> 6] + String(head & 31), reversed.toString(16), (head & 32 ? 'H' : 'L') + String(config[12]), ...constraints.map((byte) => byte.toString(16))];
  return parts.join('.');
}

/** AudioSpecificConfig of an ADTS header. */
function adtsConfig(data: Uint8Array): Uint8Array {
  if (data.length < 7 || data[0] !== 0xff || (data[1]! & 0xf6) !== 0xf0) return new Uint8Array(0);
  const type = (data[2]! >> 6) + 1;
  const rate = (data[2]! >> 2) & 15;
  const channels = ((data[2]! & 1) << 2) | (data[3]! >> 6);
  return be(2, (type << 11) | (rate << 7) | (channels << 3));
}

function withoutAdts(data: Uint8Array): Uint8Array {
  const isAdts = data[0] === 0xff && (data[1]! & 0xf6) === 0xf0;
  return isAdts ? data.subarray(data[1]! & 1 ? 7 : 9) : data;
}
