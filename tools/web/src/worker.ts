// SPDX-License-Identifier: MIT
// The player's worker: reads the file and makes the fragments, so that the page stays free.
import { Session, ToSession } from './player/session.js';

const scope = globalThis as unknown as { postMessage(message: unknown, transfer?: Transferable[]): void; onmessage: (event: MessageEvent<ToSession>) => void };
const session = new Session((message, transfer) => scope.postMessage(message, transfer), true);
scope.onmessage = ({ data }) => session.handle(data);
