// SPDX-License-Identifier: MIT
/** Keys and signatures: `useKey(file, key)`, `H4mkFile.open(url, { verifier: new Verifier(publicKey) })`. They need WebCrypto: a page that
 *  was loaded by https or from localhost.
 *  @module h4mk/protect */
export { useKey } from './protect/decrypt.js';
export { Verifier } from './protect/verify.js';
export type { Verdict } from './protect/verify.js';
