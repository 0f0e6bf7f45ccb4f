// SPDX-License-Identifier: MIT
/** What went wrong, as a word that a program can compare.
 *
 *  The file: `not_h4mk` it does not begin with `H4MK`; `truncated` it ends too early; `version` its version is not known; `legacy` it is of the
 *  transport dialect; `required_feature` its header has a feature that is not known; `corrupt` it is damaged where nothing can do without.
 *
 *  A block: `damaged_data` a CRC does not hold; `damaged_index` that of its cluster's index; `unknown_block_flag`, `unknown_requirement` and
 *  `unknown_compression` it needs something that is not known here; `bad_compression` it is no zstd frame by the rules; `external_name`,
 *  `external_missing` and `external_changed` tell of the file beside; `unknown_track` the file has no such track.
 *
 *  The way to the file: `network` the server is not reachable, or answers with an error; `cors` it does not let this page read;
 *  `no_ranges` it does not answer range requests; `changed` the file was replaced while it was read; `compressed_transfer` it is sent with
 *  a Content-Encoding; `not_found` it is not there.
 *
 *  Protection: `no_key` a key is needed; `wrong_key` it is another one, or the file is not encrypted; `bad_tag` a block is not what was encrypted;
 *  `not_encrypted` a block is not encrypted in a file that is; `repeated_block` a block comes twice; `forged` what is encrypted or signed does
 *  not fit together; `not_signed` the file is not signed with the key.
 *
 *  `argument` there is no such frame, or it cannot be decoded; `unsupported` the browser cannot do it; `limit` it would take more memory than any
 *  file is given here; `adapter` an adapter, its track or a token is not as it has to be.
 *
 *  The words for files and blocks are those of tests/conformance/README.md. */
export type ErrorCode =
  | 'not_h4mk' | 'truncated' | 'version' | 'legacy' | 'required_feature' | 'corrupt'
  | 'damaged_data' | 'damaged_index' | 'unknown_block_flag' | 'unknown_requirement' | 'bad_compression' | 'unknown_compression'
  | 'external_name' | 'external_missing' | 'external_changed' | 'unknown_track'
  | 'network' | 'cors' | 'no_ranges' | 'changed' | 'compressed_transfer' | 'not_found'
  | 'no_key' | 'wrong_key' | 'bad_tag' | 'not_encrypted' | 'repeated_block' | 'forged' | 'not_signed' | 'argument' | 'unsupported' | 'limit' | 'adapter';

/** The error of this package. Its message is for people, in English. */
export class H4mkError extends Error {
  /** Programs make one in an adapter of their own: `new H4mkError('adapter', message)`.
   *  @param code What went wrong.
   *  @param message The same in a sentence.
   *  @param offset The place in the file, in bytes: often that of the chunk. Absent where no place is to blame. */
  constructor(readonly code: ErrorCode, message: string, readonly offset?: number) {
    super(message);
    this.name = 'H4mkError';
  }
}

/** A structure that breaks a rule of the format. Whoever reads it does without this structure, not without the file. */
export class Broken extends Error {}

export function require(condition: boolean, rule: string): asserts condition {
  if (!condition) throw new Broken(rule);
}

/** The result of `read`, or null where it met a structure that breaks a rule. Other errors pass. */
export function unlessBroken<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof Broken) return null;
    throw error;
  }
}
