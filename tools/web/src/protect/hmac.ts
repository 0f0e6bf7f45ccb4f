// SPDX-License-Identifier: MIT
// RFC 2104 with SHA-256 (FIPS 180-4), for keys that are derived and other messages of some bytes each: there may be so many of them that calls of
// WebCrypto would take twenty times as long. No branch and no place in a table depends on what is hashed.

const BLOCK = 64;

/** The first 32 bits of the fraction of a root of each small prime: so the standard makes its constants. */
function fractions(count: number, root: number): Int32Array {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++) if (isPrime(n)) found.push(Math.floor((n ** root % 1) * 2 ** 32));
  return new Int32Array(found);
}

function isPrime(n: number): boolean {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false;
  return true;
}

const ROUND = fractions(64, 1 / 3);
const START = fractions(8, 1 / 2);
const words = new Int32Array(64);

const turn = (word: number, bits: number): number => (word >>> bits) | (word << (32 - bits));

function addBlock(state: Int32Array, bytes: Uint8Array, begin: number): void {
  for (let i = 0, at = begin; i < 16; i++, at += 4) words[i] = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  for (let i = 16; i < 64; i++) {
    const x = words[i - 15]!;
    const y = words[i - 2]!;
    words[i] = (words[i - 16]! + (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)) + words[i - 7]! + (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10))) | 0;
  }
  let [a, b, c, d, e, f, g, h] = [state[0]!, state[1]!, state[2]!, state[3]!, state[4]!, state[5]!, state[6]!, state[7]!];
  for (let i = 0; i < 64; i++) {
    const first = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + ROUND[i]! + words[i]!) | 0;
    const second = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + second) | 0;
  }
  state[0]! += a;
  state[1]! += b;
  state[2]! += c;
  state[3]! += d;
  state[4]! += e;
  state[5]! += f;
  state[6]! += g;
  state[7]! += h;
}

/** Of bytes that are followed by zeros up to the end of a block, with room for the length. */
function finish(bytes: Uint8Array, size: number): Uint8Array {
  bytes[size] = 0x80;
  for (let i = 1, bits = 8 * size; bits > 0; i++, bits = Math.floor(bits / 256)) bytes[bytes.length - i] = bits % 256;
  const state = START.slice();
  const made = new Uint8Array(32);
  for (let at = 0; at < bytes.length; at += BLOCK) addBlock(state, bytes, at);
  for (let i = 0; i < 32; i++) made[i] = state[i >> 2]! >>> (24 - 8 * (i & 3));
  return made;
}

const roomFor = (size: number): Uint8Array => new Uint8Array(Math.ceil((size + 9) / BLOCK) * BLOCK);

/** SHA-256. */
export function hash(message: Uint8Array): Uint8Array {
  const bytes = roomFor(message.length);
  bytes.set(message);
  return finish(bytes, message.length);
}

function hashBehind(key: Uint8Array, pad: number, message: Uint8Array): Uint8Array {
  const bytes = roomFor(BLOCK + message.length);
  bytes.set(key);
  for (let i = 0; i < BLOCK; i++) bytes[i]! ^= pad;
  bytes.set(message, BLOCK);
  return finish(bytes, BLOCK + message.length);
}

export function hmac(key: Uint8Array, message: Uint8Array): Uint8Array {
  const short = key.length > BLOCK ? hash(key) : key;
  return hashBehind(short, 0x5c, hashBehind(short, 0x36, message));
}
