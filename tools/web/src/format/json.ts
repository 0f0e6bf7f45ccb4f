// SPDX-License-Identifier: MIT
// core.md, "Conventions": I-JSON within the limits of depth, members and values. JSON.parse would lose integers beyond 2^53, take the
// last of two equal keys, and not tell 1 from 1.0.
import { Broken, require } from '../errors.js';

/** A value of JSON as the file has it: integers are bigint, other numbers are number. */
export type Exact = null | boolean | bigint | number | string | Exact[] | { [key: string]: Exact };
/** A value of JSON for programs: integers are numbers where these are exact, up to 2^53 - 1, else bigint. */
export type Json = null | boolean | bigint | number | string | Json[] | { [key: string]: Json };

const TOKEN = /[ \t\n\r]*(?:([[\]{}:,])|(")|(-?(?:0|[1-9]\d*))(\.\d+)?([eE][+-]?\d+)?|(true|false|null))/y;
const MOST_DEEP = 64;
const MOST_MEMBERS = 4096;
const MOST_VALUES = 2 ** 17;

export function parseJson(bytes: Uint8Array): Exact {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Broken('JSON is not UTF-8');
  }
  const parser = new Parser(text);
  const value = parser.value(0);
  parser.end();
  return value;
}

class Parser {
  #at = 0;
  #values = 0;
  constructor(private readonly text: string) {}

  end(): void {
    require(/^[ \t\n\r]*$/.test(this.text.slice(this.#at)), 'something stands behind the JSON value');
  }

  #token(): RegExpExecArray {
    TOKEN.lastIndex = this.#at;
    const found = TOKEN.exec(this.text);
    require(found !== null, 'no JSON');
    this.#at = TOKEN.lastIndex;
    if (found[2]) found[2] += this.#restOfText();
    return found;
  }

  /** Up to the quote that ends the text. No regular expression: texts may have megabytes. */
  #restOfText(): string {
    const begin = this.#at;
    for (; this.#at < this.text.length; this.#at++) {
      const code = this.text.charCodeAt(this.#at);
      if (code === 0x5c) this.#at++;
      else if (code === 0x22) return this.text.slice(begin, ++this.#at);
    }
    throw new Broken('no JSON: a text does not end');
  }

  #sign(expected: string): string {
    const found = this.#token()[1];
    require(found !== undefined && expected.includes(found), 'no JSON: ' + expected + ' was expected');
    return found;
  }

  #peek(sign: string): boolean {
    const before = this.#at;
    if (this.#token()[1] === sign) return true;
    this.#at = before;
    return false;
  }

  value(depth: number): Exact {
    require(++this.#values <= MOST_VALUES, 'JSON has more than 2^17 values and keys');
    const [, sign, string, integer, fraction, exponent, word] = this.#token();
    if (string !== undefined) return text(string);
    if (word !== undefined) return word === 'null' ? null : word === 'true';
    if (integer !== undefined) return number(integer, (fraction ?? '') + (exponent ?? ''));
    require(depth < MOST_DEEP, 'JSON is nested more than 64 deep');
    if (sign === '[') return this.#array(depth + 1);
    require(sign === '{', 'no JSON');
    return this.#object(depth + 1);
  }

  #array(depth: number): Exact[] {
    const found: Exact[] = [];
    if (this.#peek(']')) return found;
    do found.push(this.value(depth));
    while (this.#sign(',]') === ',');
    return found;
  }

  #object(depth: number): Exact {
    const found = Object.create(null) as { [key: string]: Exact };
    if (this.#peek('}')) return found;
    let members = 0;
    do {
      const key = this.#token()[2];
      require(key !== undefined, 'no JSON: a key was expected');
      require(++members <= MOST_MEMBERS, 'an object of JSON has more than 4096 members');
      require(++this.#values <= MOST_VALUES, 'JSON has more than 2^17 values and keys');
      const name = text(key);
      require(!(name in found), 'a key of JSON is there twice');
      this.#sign(':');
      found[name] = this.value(depth);
    } while (this.#sign(',}') === ',');
    return found;
  }
}

function text(token: string): string {
  let value: string;
  try {
    value = JSON.parse(token) as string;
  } catch {
    throw new Broken('no JSON: a text has an escape that is none');
  }
  require(!/\p{Surrogate}/u.test(value), 'a text of JSON has a lone surrogate');
  return value;
}

function number(integer: string, rest: string): bigint | number {
  if (rest) {
    const real = Number(integer + rest);
    require(Number.isFinite(real), 'a number of JSON is out of range');
    return real;
  }
  require(integer.length <= 20, 'an integer of JSON is no signed 64-bit number');
  const value = BigInt(integer);
  require(BigInt.asIntN(64, value) === value, 'an integer of JSON is no signed 64-bit number');
  return value;
}

/** For programs: integers as numbers where these are exact. */
export function plain(value: Exact): Json {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  const copy = Object.create(null) as { [key: string]: Json };
  for (const key of Object.keys(value)) copy[key] = plain(value[key]!);
  return copy;
}

export function isObject(value: Exact | undefined): value is { [key: string]: Exact } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
