// SPDX-License-Identifier: MIT
/** Adds to the list of a key. The list itself grows: a copy of it for each value would be quadratic. */
export function addTo<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}
