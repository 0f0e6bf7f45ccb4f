// SPDX-License-Identifier: MIT
/** Exact frames by WebCodecs, for thumbnails and tools: `decodeFrame(file, track, number)`.
 *  @module h4mk/frames */
export { decodeFrame } from './player/thumbnails.js';
