/**
 * For tests of programs: a server on this machine that speaks the whole API, and every fault a network can show.
 *
 * Without a script it checks each request against the description of the API and answers with values made from it.
 */
import { request as send } from 'node:http';
import { OpenAI, type ClientOptions } from './client';
import { nativeModule } from './internal/native';

/** One reply of a script; `docs/guide/node-testing.md` has all members. */
export interface Reply {
  /** For which requests it is: `POST /files/{file_id}`. Default: for any. */
  for?: string;
  /** How many requests it answers. Default 1. */
  times?: number | 'always';
  status?: number;
  headers?: Record<string, string | string[] | null>;
  /** The body: at most one of `json`, `text`, `base64`, `sse`, `repeat`, `parts`, `synth`. */
  json?: unknown;
  text?: string;
  base64?: string;
  sse?: string | unknown[];
  /** What the server would answer by itself, or that with these members laid over it. */
  synth?: true | object;
  delay_ms?: number;
  /** Name of a gate that the reply waits for; `open` opens it. */
  gate?: string;
  /** Not one byte is written; `end` follows at once. */
  nothing?: boolean;
  end?: 'keep' | 'close' | 'reset' | 'leave' | 'blackhole' | 'hold' | object;
  [more: string]: unknown;
}

/** How TLS is spoken, which the same port does. */
export interface TLSSettings {
  certificate?: 'good' | 'expired' | 'not_yet_valid' | 'wrong_host' | 'unknown_authority' | 'self_signed';
  client_certificate?: 'nothing' | 'required';
  alpn?: string[];
}

/** A part of form data. */
export interface RecordedPart {
  name: string | null;
  filename: string | null;
  content_type: string | null;
  length: number;
  sha256: string;
  json?: unknown;
  text?: string;
  base64?: string;
}

/** A request that the server has seen. */
export class RecordedRequest {
  readonly method: string;
  /** Path as it was sent, without the query: `/v1/chat/completions`. */
  readonly path: string;
  /** Query as it was sent. */
  readonly query: string;
  /** Official name of the method that sends such requests, such as `chat.completions.create`. */
  readonly operation: string | null;
  /** What breaks the description of the API. */
  readonly violations: string[];

  constructor(
    /** All that is known, as the log has it. */
    readonly record: any,
  ) {
    this.method = record.verb;
    this.path = record.path;
    this.query = record.query ?? '';
    this.operation = record.operation ?? null;
    this.violations = record.violations.map((found: unknown) => (typeof found === 'string' ? found : JSON.stringify(found)));
  }

  /** Headers by their names in lower case; several of one name are joined with commas. */
  get headers(): Record<string, string> {
    const found: Record<string, string> = {};
    for (const [name, value] of this.record.headers) found[name] = name in found ? `${found[name]}, ${value}` : value;
    return found;
  }

  /** The body as JSON; `undefined` where it is something else. */
  get json(): any {
    return this.record.body.json;
  }

  /** The body as text, where it is text and no JSON. */
  get text(): string | undefined {
    return this.record.body.text;
  }

  /** The parts of form data. */
  get parts(): RecordedPart[] {
    return this.record.body.parts ?? [];
  }
}

/** A connection that the server has accepted. */
export interface RecordedConnection {
  /** Who closed it, `client` or `server`; `null` while it is open. */
  closed_by: 'client' | 'server' | null;
  /** How many requests came over it. */
  requests: number;
  [more: string]: unknown;
}

/** All that the server has seen. */
export interface Log {
  requests: any[];
  connections: RecordedConnection[];
  waited?: boolean;
}

/**
 * A server for tests. It listens on this machine only, from `start` to `stop`. With `await using mock = await new MockServer().start()`
 * it stops by itself; it keeps no process alive.
 */
export class MockServer {
  #native: { readonly origin: string; stop(): void } | undefined;
  readonly #port: number;

  /** `port`: where to listen; 0 takes a free port. */
  constructor({ port = 0 }: { port?: number } = {}) {
    this.#port = port;
  }

  /** Begins to listen. Fails where the port cannot be had. */
  async start(): Promise<this> {
    this.#native ??= new (nativeModule().Mock)(this.#port);
    return this;
  }

  /** Closes all connections and listens no more. */
  async stop(): Promise<void> {
    const native = this.#native;
    this.#native = undefined;
    native?.stop();
  }

  async [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')](): Promise<void> {
    await this.stop();
  }

  /** `http://127.0.0.1:PORT` */
  get origin(): string {
    if (!this.#native) throw new Error('the server does not run: call `start()`');
    return this.#native.origin;
  }

  /** `http://127.0.0.1:PORT/v1`, to be given to clients or as `OPENAI_BASE_URL`. */
  get url(): string {
    return `${this.origin}/v1`;
  }

  /** The same, by the name that clients have for it. */
  get baseURL(): string {
    return this.url;
  }

  /** A client of this server, with a key that it takes and no proxy. */
  client(options: ClientOptions = {}): OpenAI {
    const network = { systemProxy: false, ...options.network };
    return new OpenAI({ baseURL: this.url, apiKey: 'test-key', ...options, network });
  }

  /** Variables of the environment by which programs find this server. */
  environment(): Record<string, string> {
    return { OPENAI_BASE_URL: this.url, OPENAI_API_KEY: 'test-key', NO_PROXY: '127.0.0.1' };
  }

  /**
   * Adds replies to the script. Each request takes the first that is for it and not used up. Once there is a script, a request that
   * finds no reply gets a 500. Fails where a reply is not understood, and says which and why.
   */
  async reply(...replies: Reply[]): Promise<this> {
    await this.#control('POST', 'script', replies);
    return this;
  }

  /** Opens a gate that replies wait for. */
  async open(gate: string): Promise<void> {
    await this.#control('POST', 'open', { gate });
  }

  /** Forgets script, log and gates, and closes all connections. */
  async reset(): Promise<void> {
    await this.#control('POST', 'reset');
  }

  /** Says how TLS is spoken. The certificate of the authority, as PEM, for `network.caFile` or `NODE_EXTRA_CA_CERTS`. */
  async tls(settings: TLSSettings): Promise<string> {
    await this.#control('POST', 'tls', settings);
    return (await this.#control('GET', 'certificates')).authority;
  }

  /** All that the server has seen, as plain data. */
  log(): Promise<Log> {
    return this.#control('GET', 'log');
  }

  /** All requests so far, in the order in which they came. */
  async requests(): Promise<RecordedRequest[]> {
    return (await this.log()).requests.map((record) => new RecordedRequest(record));
  }

  /** All connections so far. */
  async connections(): Promise<RecordedConnection[]> {
    return (await this.log()).connections;
  }

  /** Waits until so many requests have come, at most `limit` milliseconds; fails if they have not come by then. */
  async waitForRequests(count: number, limit = 5000): Promise<RecordedRequest[]> {
    const log = await this.#wait(`requests:${count}`, limit, `${count} requests have not come`);
    return log.requests.map((record) => new RecordedRequest(record));
  }

  /** Waits until no connection is open, at most `limit` milliseconds. */
  async waitUntilClosed(limit = 5000): Promise<RecordedConnection[]> {
    return (await this.#wait('closed', limit, 'connections are still open')).connections;
  }

  async #wait(what: string, limit: number, late: string): Promise<Log> {
    const log: Log = await this.#control('GET', `log?wait=${encodeURIComponent(what)}&limit_ms=${Math.floor(limit)}`);
    if (!log.waited) throw new Error(`${late} within ${limit} ms; the server has seen ${log.requests.length} requests`);
    return log;
  }

  /** Fails if a request broke the description of the API, with what is wrong in it. */
  async assertValid(): Promise<void> {
    const found = (await this.requests()).flatMap(({ method, path, violations }) =>
      violations.map((violation) => `${method} ${path}: ${violation}`),
    );
    if (found.length > 0) throw new Error(found.join('\n'));
  }

  // Not through `fetch`, which tests may have replaced.
  #control(method: string, path: string, body?: unknown): Promise<any> {
    const { origin } = this;
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json' };
      const asked = send(`${origin}/__mock/${path}`, { method, headers, agent: false }, (answer) => {
        const pieces: Buffer[] = [];
        answer.on('data', (piece) => pieces.push(piece));
        answer.on('error', reject);
        answer.on('end', () => {
          try {
            const value = JSON.parse(Buffer.concat(pieces).toString('utf8'));
            if (answer.statusCode === 200) resolve(value);
            else if (answer.statusCode === 400) reject(new TypeError(value.error.message));
            else reject(new Error(`the mock server answered ${answer.statusCode}: ${JSON.stringify(value)}`));
          } catch (error) {
            reject(error);
          }
        });
      });
      asked.on('error', reject);
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}
