// SPDX-License-Identifier: MIT
import { join } from '../base/concat.js';
import { H4mkError } from '../errors.js';
import type { Source } from './source.js';

/** How a file is asked for. */
export interface HttpOptions {
  /** Further headers; these make a cross-origin request a preflighted one. They are not sent with the HEAD request by which a hidden size is asked for. */
  headers?: Record<string, string>;
  /** Whether cookies are sent, as for `fetch`: absent, to the page's own origin only. */
  credentials?: RequestCredentials;
  /** Ends all range requests of the file, once and for all. What was waited for throws what `fetch` throws then. */
  signal?: AbortSignal;
  /** Used instead of the global `fetch`. */
  fetch?: typeof fetch;
}

/** Asked for first: the descriptions, most indexes in front, and the first cluster of most films. */
const FRONT = 3 * 65536;
/** Without ranges a file up to this size is loaded as a whole. */
const MOST_WITHOUT_RANGES = 32 * 2 ** 20;
const ATTEMPTS = 3;
const EXPOSE = 'Access-Control-Expose-Headers: Content-Range, ETag.';
const NO_COMPRESSION = 'Switch compression off for .h4mk.';

/** A file on any static server, by `Range: bytes=a-b`, which needs no preflight across origins. `H4mkFile.open` makes one of a URL. A request that fails, or is
 *  answered by HTTP 429 or 5xx, is tried three times. Without ranges a file of up to 32 MiB is loaded whole. */
export class HttpSource implements Source {
  /** What the first request brought: the first 192 KiB, or the whole file. */
  front?: Uint8Array;
  /** What was asked of the server so far. */
  readonly counted = {
    /** Requests that were begun. */
    requests: 0,
    /** Bytes that answers brought, without their headers. */
    bytes: 0,
  };
  #known?: number;
  #version?: string;
  #grows = false;
  #wholeFile?: Uint8Array;

  /** Asks for nothing yet.
   *  @param url Where the file is; it may be relative to the page.
   *  @param options How it is asked for. */
  constructor(readonly url: string, private readonly options: HttpOptions = {}) {}

  /** As long as the file may grow, another ETag or a larger size is not the error `changed`. */
  mayGrow(grows: boolean): void {
    this.#grows = grows;
  }

  /** Asks for the front of the file, later on for one byte, and takes the size from `Content-Range`; where that is hidden, by one more request, HEAD. Throws `cors` where that is
   *  hidden too. */
  async size(): Promise<number> {
    const [response, bytes] = await this.#request(0, this.#known === undefined ? FRONT : 1);
    if (response.status === 200) {
      this.#wholeFile = this.front = bytes;
      return (this.#known = bytes.length);
    }
    if (this.#known === undefined) this.front = bytes;
    const size = rangeOf(response).total ?? (bytes.length < FRONT ? bytes.length : await this.#sizeByHead());
    if (!Number.isSafeInteger(size)) throw new H4mkError('network', `${this.url}: the server tells a size that no file has.`);
    return (this.#known = size);
  }

  /** One request, unless the whole file is here. Throws `network`, `cors`, `not_found`, `changed`, `no_ranges` or `compressed_transfer`. */
  async read(begin: number, end: number): Promise<Uint8Array> {
    if (this.#wholeFile) return this.#wholeFile.subarray(begin, end);
    const [response, bytes] = await this.#request(begin, end);
    const { total, first } = response.status === 200 ? { total: bytes.length, first: begin } : rangeOf(response);
    if (total !== undefined && this.#known !== undefined && total !== this.#known && !(this.#grows && total >= this.#known))
      throw this.#changed(`it had ${this.#known} bytes and has ${total}`);
    if (response.status === 200) return (this.#wholeFile = bytes).subarray(begin, end);
    if (bytes.length !== end - begin || (first ?? begin) !== begin)
      throw new H4mkError('network', `${this.url}: the server gave ${bytes.length} bytes from byte ${first ?? begin} on, not ${end - begin} from byte ${begin} on. ${NO_COMPRESSION}`, begin);
    return bytes;
  }

  /** One range, or the whole file. Tries again where the connection broke or the server was busy. */
  async #request(begin: number, end: number): Promise<[Response, Uint8Array]> {
    for (let attempt = 1; ; attempt++) {
      let response: Response | undefined;
      try {
        response = await this.#fetch({ headers: { ...this.options.headers, Range: `bytes=${begin}-${end - 1}` } });
        if (attempt === ATTEMPTS || (response.status < 500 && response.status !== 429)) {
          this.#check(response, begin);
          const bytes = await this.#bodyOf(response, response.status === 206 ? end - begin : MOST_WITHOUT_RANGES);
          return [response, bytes];
        }
      } catch (error) {
        if (error instanceof H4mkError || this.options.signal?.aborted) throw error;
        if (attempt === ATTEMPTS) throw await this.#unreachable(error, response);
      }
      await new Promise((resolve) => setTimeout(resolve, 100 * 4 ** attempt));
    }
  }

  /** The body of an answer, piece by piece: a server may send more than was asked for, and never end. */
  async #bodyOf(response: Response, most: number): Promise<Uint8Array> {
    const reader = response.body?.getReader();
    const parts: Uint8Array[] = [];
    let size = 0;
    for (let piece = await reader?.read(); piece?.value; piece = await reader?.read()) {
      parts.push(piece.value);
      size += piece.value.length;
      this.counted.bytes += piece.value.length;
      if (size <= most) continue;
      reader!.cancel().catch(() => {}); // what is wrong is known already
      throw new H4mkError('network', `${this.url}: the server sends more than the ${most} bytes that can be right. ${NO_COMPRESSION}`);
    }
    return parts.length === 1 ? parts[0]! : join(parts);
  }

  #check(response: Response, begin: number): void {
    const { status } = response;
    if (status === 404 || status === 410) throw new H4mkError('not_found', `${this.url} is not there (HTTP ${status}).`);
    const encoding = response.headers.get('Content-Encoding');
    if (encoding && encoding !== 'identity')
      throw new H4mkError('compressed_transfer', `${this.url} comes with Content-Encoding: ${encoding}, so ranges do not count its bytes. ${NO_COMPRESSION}`);
    if (status === 416 && this.#known !== undefined) throw this.#changed('it became shorter');
    if (status === 416) throw new H4mkError('truncated', `${this.url} is empty.`, 0);
    if (status !== 200 && status !== 206) throw new H4mkError('network', `${this.url}: the server answered HTTP ${status}.`, begin);
    const version = response.headers.get('ETag') ?? response.headers.get('Last-Modified') ?? undefined;
    if (this.#version && version && version !== this.#version && !this.#grows) throw this.#changed('its ETag or date is another one');
    this.#version = version ?? this.#version;
    if (status === 206 || Number(response.headers.get('Content-Length') ?? Infinity) <= MOST_WITHOUT_RANGES) return;
    void response.body?.cancel();
    throw new H4mkError('no_ranges', `${this.url}: the server answers range requests with the whole file. It needs Accept-Ranges: bytes.`);
  }

  /** Content-Range is hidden from pages of another origin unless the server exposes it; Content-Length is not. */
  async #sizeByHead(): Promise<number> {
    const response = await this.#fetch({ method: 'HEAD' });
    const length = response.headers.get('Content-Length');
    if (!response.ok || length === null)
      throw new H4mkError('cors', `${this.url}: the size of the file is hidden from this page. The server has to send ${EXPOSE}`);
    return Number(length);
  }

  #fetch(init: RequestInit): Promise<Response> {
    const { credentials, signal } = this.options;
    this.counted.requests++;
    return (this.options.fetch ?? fetch)(this.url, { credentials, signal, ...init } as RequestInit);
  }

  #changed(how: string): H4mkError {
    return new H4mkError('changed', `${this.url} was replaced while it was read: ${how}. Open it again.`);
  }

  /** Browsers tell no reason, and refuse as a whole what is compressed though `fetch` asked for `identity`, as it does with a range. */
  async #unreachable(error: unknown, answer?: Response): Promise<H4mkError> {
    const why = error instanceof Error ? error.message : String(error);
    const head = answer ?? (await this.#fetch({ method: 'HEAD' }).catch(() => undefined));
    if (head)
      return new H4mkError(head.headers.get('Content-Encoding') ? 'compressed_transfer' : 'network', `${this.url}: an answer broke off, or a CDN compressed it. ${NO_COMPRESSION} (${why})`);
    const page = (globalThis as { location?: Location }).location;
    const other = page && new URL(this.url, page.href).origin !== page.origin;
    if (other)
      return new H4mkError('cors', `${this.url} cannot be read from ${page.origin}. The server is not reachable, or it has to send Access-Control-Allow-Origin: ${page.origin} (or *) and ${EXPOSE}`);
    return new H4mkError('network', `${this.url} cannot be reached: ${why}`);
  }
}

/** Of Content-Range, where it is not hidden. */
function rangeOf(response: Response): { first?: number; total?: number } {
  const [, first, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get('Content-Range') ?? '') ?? [];
  return total === undefined ? {} : { first: Number(first), total: Number(total) };
}
