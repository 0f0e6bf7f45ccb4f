// SPDX-License-Identifier: MIT
// Who signed a file, and whether what is used of it is what was signed.
import { H4mkError } from '../errors.js';
import type { Totals } from '../format/page.js';
import type { Verifying } from '../read/file.js';
import type { Bytes } from '../source/bytes.js';
import { PublicKey } from './checkpoint.js';
import { hex } from './digest.js';
import { SignedBytes } from './signed_bytes.js';

/** What can be said of a signed file so far. It is good if `final` is true, `edits` and `failed` are empty, and no `onProblem` was called, once all was
 *  read. */
export interface Verdict {
  /** The file was signed up to its end. */
  final: boolean;
  /** Offsets of descriptions whose words (names, notes, tags) were edited since: these are not signed. */
  edits: number[];
  /** SHA-256 of the public key, in hex. */
  signer: string;
  /** Clusters whose hash was compared. */
  verified: number;
  /** Chunks that were signed and are others now, or that stand there unsigned: none of their bytes is used. At most 1000. Where the end of a file
   *  that was signed up to its end is gone, the offset of that end. */
  failed: {
    /** It was signed and is another now, or was not signed. */
    kind: 'not_as_signed' | 'not_signed';
    /** The byte of the file where it begins. */
    offset: number;
  }[];
}

/** Give it to `H4mkFile.open` as `verifier`: then no byte is used that was not signed with its key (protection.md, "What a verifying reader uses"). For one
 *  file each. */
export class Verifier implements Verifying {
  /** What was found so far. The object stays the same while the file is read, and its members change. */
  readonly verdict: Verdict = { final: false, edits: [], signer: '', verified: 0, failed: [] };
  #bytes?: SignedBytes;

  /** `publicKey`: DER, SubjectPublicKeyInfo, of Ed25519 or P-256. It is looked at when the file is opened. */
  constructor(private readonly publicKey: Uint8Array) {}

  /** Called by `H4mkFile.open`. Throws `not_signed` unless the file is signed with the key, and `forged` if its header is another one.
   *  @internal */
  async over(bytes: Bytes): Promise<Bytes> {
    const key = await PublicKey.of(this.publicKey);
    this.verdict.signer = hex(key.id);
    return (this.#bytes = await SignedBytes.over(bytes, key, this.verdict));
  }

  /** Called by `H4mkFile.open`: refuses an index that tells other ends of tracks than the last checkpoint.
   *  @internal */
  checkEnds(totals: ReadonlyMap<number, Totals>): void {
    for (const { track, end } of this.#bytes!.last.tracks)
      if ((totals.get(track)?.end ?? null) !== end) throw new H4mkError('forged', `The index tells another end of track ${track} than what was signed.`);
  }
}
