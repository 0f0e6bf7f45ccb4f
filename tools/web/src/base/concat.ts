// SPDX-License-Identifier: MIT
const utf8 = new TextEncoder();

export const concat = (...parts: (Uint8Array | string)[]): Uint8Array<ArrayBuffer> => join(parts);

/** The same for any number of parts: arguments stand on the stack. */
export function join(parts: (Uint8Array | string)[]): Uint8Array<ArrayBuffer> {
  const bytes = parts.map((part) => (typeof part === 'string' ? utf8.encode(part) : part));
  const joined = new Uint8Array(bytes.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of bytes) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
