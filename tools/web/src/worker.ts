// SPDX-License-Identifier: MIT
// The player's worker: reads the file and makes the fragments, so that the page stays free. A page of a browser without MediaSource in workers
// imports it for its Session.
import { Session, ToSession } from './player/session.js';

const scope = globalThis as unknown as { postMessage(message: unknown, transfer?: Transferable[]): void; onmessage: (event: MessageEvent<ToSession>) => void };
if (!('document' in globalThis)) {
  const session = new Session((message, transfer) => scope.postMessage(message, transfer), true);
  scope.onmessage = ({ data }) => session.handle(data);
}
