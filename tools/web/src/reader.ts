// SPDX-License-Identifier: MIT
/** The reader: `H4mkFile.open(url)`.
 *  @module h4mk */
export { H4mkFile } from './read/file.js';
export type { Chapter, OpenOptions, PlaceWithContent, SeekResult, Verifying } from './read/file.js';
export type { Content, Decryptor } from './read/content.js';
export type { OpenBeside } from './read/external.js';
export type { Place } from './read/seek.js';
export type { Problem } from './read/problems.js';
export { H4mkError } from './errors.js';
export type { ErrorCode } from './errors.js';
export { FLAG, isFrame, isSeekPoint, timeOf } from './format/cluster.js';
export type { Block, Cluster, ClusterPlace, ListedTrack, SideData } from './format/cluster.js';
export type { Meta, Track, Tracks } from './format/tracks.js';
export type { Exact, Json } from './format/json.js';
export type { Totals } from './format/page.js';
export { BlobSource, MemorySource } from './source/source.js';
export type { Source } from './source/source.js';
export { HttpSource } from './source/http.js';
export type { HttpOptions } from './source/http.js';
