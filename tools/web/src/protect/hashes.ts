// SPDX-License-Identifier: MIT
// SHA-256 and HMAC (RFC 2104) without a promise, for keys that are derived and other messages of some bytes each: a file can have so many of them
// that calls of WebCrypto would take twenty times as long.
import { hmac as hmacOf } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';

export { sha256 };
export const hmac = (key: Uint8Array, message: Uint8Array): Uint8Array => hmacOf(sha256, key, message);
