// SPDX-License-Identifier: MIT
// adapters.md, "Adapter null" and "Adapter pass_through": a state is the bytes of all blocks since the I block.
import { concat } from '../base/concat.js';
import type { Adapter, Instance } from './adapter.js';

const instance = (applyB: Instance<Uint8Array>['applyB']): Instance<Uint8Array> => ({
  decodeI: ({ data }) => data.slice(),
  applyP: (previous, { data }) => concat(previous, data),
  applyB: applyB!,
  render: (data) => ({ type: 'bytes', data }),
});

/** The output is the bytes of all blocks since the I block (adapters.md, "Adapter `null`"). A state is these bytes. */
export const nullAdapter: Adapter<Uint8Array> = {
  name: 'null', description: 'the bytes of all blocks since the I block', preroll: 0,
  claims: ({ codec }) => codec === 'null',
  open: () => instance((previous, _next, { data }) => concat(previous, data)),
};

/** As `nullAdapter`, but the output of a B block is that of the anchor behind it (adapters.md, "Adapter `pass_through`"). */
export const passThroughAdapter: Adapter<Uint8Array> = {
  name: 'pass_through', description: 'as null; a B block shows the anchor behind it', preroll: 0,
  claims: ({ codec }) => codec === 'pass_through',
  open: () => instance((previous, next) => next ?? previous),
};
