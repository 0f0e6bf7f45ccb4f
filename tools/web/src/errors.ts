// SPDX-License-Identifier: MIT
/** What went wrong, as a word that a program can compare. The words for files are those of tests/conformance/README.md. */
export type ErrorCode =
  | 'not_h4mk' | 'truncated' | 'version' | 'legacy' | 'required_feature' | 'corrupt'
  | 'damaged_data' | 'damaged_index' | 'unknown_block_flag' | 'unknown_requirement' | 'bad_compression' | 'unknown_compression'
  | 'external_name' | 'external_missing' | 'external_changed' | 'unknown_track'
  | 'network' | 'cors' | 'no_ranges' | 'changed' | 'compressed_transfer' | 'not_found'
  | 'no_key' | 'wrong_key' | 'bad_tag' | 'not_encrypted' | 'repeated_block' | 'forged' | 'not_signed' | 'argument' | 'unsupported' | 'adapter';

/** The error of this package. `offset` is the place in the file, where there is one. */
export class H4mkError extends Error {
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
