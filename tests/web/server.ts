// SPDX-License-Identifier: MIT
// A static server for the tests: counts requests, and can behave as badly as servers do.
import { createServer, Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Behaviour {
  ranges?: boolean;
  headers?: Record<string, string>;
  /** Without it nothing is said to pages of other origins. */
  cors?: boolean;
  exposeRange?: boolean;
  encoding?: string;
  delay?: number;
  /** How many answers still break off in the middle of their body. */
  breaks?: number;
  /** By how many bytes ranges are off. */
  shift?: number;
}

export class TestServer {
  readonly requests: { path: string; range: string; bytes: number }[] = [];
  readonly files = new Map<string, { bytes: Uint8Array; type: string; behaviour: Behaviour; version: number }>();
  private constructor(private readonly server: Server) {}

  static async start(): Promise<TestServer> {
    const server = createServer();
    const made = new TestServer(server);
    server.on('request', (request, response) => void made.answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return made;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  put(path: string, bytes: Uint8Array | string, behaviour: Behaviour = {}, type = 'application/octet-stream'): string {
    const before = this.files.get(path);
    this.files.set(path, { bytes: typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes, type, behaviour, version: (before?.version ?? 0) + 1 });
    return this.origin + path;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private async answer(request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse): Promise<void> {
    const path = decodeURIComponent(new URL(request.url!, this.origin).pathname);
    const file = this.files.get(path);
    if (!file) return void response.writeHead(404).end();
    const { bytes, type, behaviour, version } = file;
    if (behaviour.delay) await new Promise((resolve) => setTimeout(resolve, behaviour.delay));
    const headers: Record<string, string> = { 'Content-Type': type, ETag: `"${version}"`, ...behaviour.headers };
    if (behaviour.cors) headers['Access-Control-Allow-Origin'] = '*';
    if (behaviour.exposeRange) headers['Access-Control-Expose-Headers'] = 'Content-Range, ETag';
    if (behaviour.encoding) headers['Content-Encoding'] = behaviour.encoding;
    const match = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    if (!match || behaviour.ranges === false) {
      this.requests.push({ path, range: '', bytes: request.method === 'HEAD' ? 0 : bytes.length });
      response.writeHead(200, { ...headers, 'Content-Length': String(bytes.length) });
      return void response.end(request.method === 'HEAD' ? undefined : bytes);
    }
    const begin = Number(match[1]);
    const end = Math.min(match[2] ? Number(match[2]) + 1 : Infinity, bytes.length);
    if (begin >= bytes.length) return void response.writeHead(416, { ...headers, 'Content-Range': `bytes */${bytes.length}` }).end();
    this.requests.push({ path, range: match[0], bytes: end - begin });
    const first = begin + (behaviour.shift ?? 0);
    const part = bytes.subarray(first, first + end - begin);
    response.writeHead(206, { ...headers, 'Content-Range': `bytes ${first}-${first + part.length - 1}/${bytes.length}`, 'Content-Length': String(part.length) });
    if (!behaviour.breaks) return void response.end(part);
    behaviour.breaks--;
    response.write(part.subarray(0, part.length / 2), () => response.destroy());
  }
}
