/** Pages of lists. */
import type { OpenAI } from '../client';
import { CallResult, type Call } from '../internal/call';
import { defaultParseResponse, type APIResponseProps } from '../internal/parse';
import type { FinalRequestOptions } from '../internal/request-options';
import { APIPromise } from './api-promise';
import { OpenAIError } from './error';

export type PageRequestOptions = Pick<FinalRequestOptions, 'query' | 'headers' | 'body' | 'path' | 'method'>;

/** How far the reader of a list has come. */
interface Walk {
  /** Cursors used so far. */
  used: Set<string>;
  /** The cursor that led to the page, and the items of the page before. */
  cameBy: string | undefined;
  before: unknown[] | undefined;
}

/** A page of a list. Iterated, it gives the items of this page and of all that follow. */
export abstract class AbstractPage<Item> implements AsyncIterable<Item> {
  #client: OpenAI;
  protected options: FinalRequestOptions;
  protected response: Response;
  protected body: unknown;
  #walk: Walk = { used: new Set(), cameBy: undefined, before: undefined };

  constructor(client: OpenAI, response: Response, body: unknown, options: FinalRequestOptions) {
    this.#client = client;
    this.options = options;
    this.response = response;
    this.body = body;
  }

  abstract nextPageRequestOptions(): PageRequestOptions | null;

  /** Whether the server says that there is more. One that says nothing has no more, but to clients that check, which ask. */
  protected _saysMore(): boolean {
    const { has_more: more } = (this.#client._checksArguments ? (this.body ?? {}) : this) as { has_more?: unknown };
    return more !== false;
  }

  abstract getPaginatedItems(): Item[];

  /** Whether there is another page, as far as this one says. */
  hasNextPage(): boolean {
    return this.getPaginatedItems().length > 0 && this.nextPageRequestOptions() != null;
  }

  /** The next page; fails behind the last. */
  async getNextPage(): Promise<this> {
    const next = await this.#next(true);
    if (!next) {
      throw new OpenAIError(
        'No next page expected; please check `.hasNextPage()` before calling `.getNextPage()`.',
      );
    }
    return next;
  }

  /** `asked`: the program asks for this very page, and may have the same one again. */
  async #next(asked = false): Promise<this | undefined> {
    const options = this.nextPageRequestOptions();
    if (!options) return undefined;
    const query = (options.query ?? {}) as Record<string, unknown>;
    const cursor = String(query['after'] ?? query['page'] ?? JSON.stringify(query));
    const walk = this.#walk;
    if (!asked && walk.cameBy === cursor && sameItems(walk.before, this.getPaginatedItems())) {
      // The server sent the page before it once more: to some that is how a list ends.
      if ((this as { has_more?: unknown }).has_more !== true) return undefined;
      throw goesRound();
    }
    if (!asked && walk.used.has(cursor)) throw goesRound();
    const next = (await this.#client.requestAPIList(this.constructor as any, options)) as this;
    next.#walk = {
      used: new Set(walk.used).add(cursor),
      cameBy: cursor,
      before: this.getPaginatedItems(),
    };
    if (!asked && next.#repeats()) {
      return undefined;
    }
    return next;
  }

  /** Whether this is the page before once more, from a server that does not say that there is more. */
  #repeats(): boolean {
    const { cameBy, before } = this.#walk;
    if (!sameItems(before, this.getPaginatedItems())) return false;
    const query = this.nextPageRequestOptions()?.query as Record<string, unknown> | undefined;
    if (String(query?.['after'] ?? query?.['page']) !== cameBy) return false;
    if ((this as { has_more?: unknown }).has_more === true) throw goesRound();
    return true;
  }

  /** This page and all that follow. */
  async *iterPages(): AsyncGenerator<this> {
    let page: this | undefined = this;
    while (page) {
      yield page;
      page = page.hasNextPage() ? await page.#next() : undefined;
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item> {
    for await (const page of this.iterPages()) {
      for (const item of page.getPaginatedItems()) yield item;
    }
  }
}

function goesRound(): Error {
  const message = "the list goes round: the server's next page is one that was read already";
  const error = new OpenAIError(message);
  for (const [name, value] of Object.entries({ kind: 'decode', detail: message, attempts: 1, retryable: false })) {
    Object.defineProperty(error, name, { value, enumerable: false, configurable: true });
  }
  return error;
}

function sameItems(before: unknown[] | undefined, items: unknown[]): boolean {
  if (!before || before.length !== items.length || items.length === 0) return false;
  return JSON.stringify(before) === JSON.stringify(items);
}

/** The promise of a list's first page, which can be iterated at once. */
export class PagePromise<PageClass extends AbstractPage<Item>, Item = ReturnType<PageClass['getPaginatedItems']>[number]>
  extends APIPromise<PageClass>
  implements AsyncIterable<Item>
{
  constructor(
    client: OpenAI,
    request: Promise<APIResponseProps>,
    Page: new (...args: ConstructorParameters<typeof AbstractPage>) => PageClass,
  ) {
    super(client, request, async (client, props) => makePage(client, props, Page) as any);
  }

  /** The pages of a call of ours. */
  static _ofCall(call: Call, page: unknown): PagePromise<any, any> {
    const request = call.result as unknown as Promise<APIResponseProps>;
    return new PagePromise(call.client as OpenAI, request, page as never);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item> {
    const page = await this;
    for await (const item of page as AbstractPage<Item>) yield item;
  }
}

async function makePage(client: OpenAI, props: APIResponseProps, page: any): Promise<unknown> {
  // Classes of pages are handed in as functions that find them, so that they are loaded when a page has come.
  const Page = page.prototype instanceof AbstractPage ? page : page();
  const body = await defaultParseResponse(client, props);
  const own = props instanceof CallResult;
  const made = new Page(client, own ? undefined : props.response, body, props.options);
  if (own) Object.defineProperty(made, 'response', { get: () => props.response, enumerable: true, configurable: true });
  return made;
}

function withQuery(options: FinalRequestOptions, more: Record<string, unknown>): PageRequestOptions {
  return { ...options, query: { ...(options.query as object | undefined), ...more } };
}

/** Names that pages give to what they hold; what else a page has is kept as it came. */
function take(page: object, body: unknown, names: Record<string, unknown>): void {
  const from = (Array.isArray(body) ? { data: body } : (body ?? {})) as Record<string, unknown>;
  for (const name of Object.keys(names)) {
    // Files answer with parts of their content where others have data.
    const value = from[name] ?? (name === 'data' ? from['content'] : undefined);
    (page as Record<string, unknown>)[name] = value ?? names[name];
  }
}

export interface PageResponse<Item> {
  data: Array<Item>;
  object: string;
}

/** A list that comes in one page. */
export class Page<Item> extends AbstractPage<Item> implements PageResponse<Item> {
  declare data: Array<Item>;
  declare object: string;

  constructor(client: OpenAI, response: Response, body: PageResponse<Item>, options: FinalRequestOptions) {
    super(client, response, body, options);
    take(this, body, { data: [], object: undefined });
  }

  getPaginatedItems(): Item[] {
    return this.data ?? [];
  }

  nextPageRequestOptions(): PageRequestOptions | null {
    return null;
  }
}

export interface CursorPageResponse<Item> {
  data: Array<Item>;
  has_more: boolean;
}

export interface CursorPageParams {
  after?: string;
  limit?: number;
}

/** A list whose next page begins behind the last item's id. */
export class CursorPage<Item extends { id?: string | null }>
  extends AbstractPage<Item>
  implements CursorPageResponse<Item>
{
  declare data: Array<Item>;
  declare has_more: boolean;

  constructor(client: OpenAI, response: Response, body: CursorPageResponse<Item>, options: FinalRequestOptions) {
    super(client, response, body, options);
    take(this, body, { data: [], has_more: false });
  }

  getPaginatedItems(): Item[] {
    return this.data ?? [];
  }

  override hasNextPage(): boolean {
    return this._saysMore() && this.nextPageRequestOptions() != null;
  }

  /** What asks for the page behind this one, also where the server says that there is none. */
  nextPageRequestOptions(): PageRequestOptions | null {
    const body = this.body as { has_more?: unknown; last_id?: unknown } | null;
    const items = this.getPaginatedItems();
    const id = textOf(items[items.length - 1]?.id) ?? textOf(body?.last_id);
    return id === undefined ? null : withQuery(this.options, { after: id });
  }
}

export interface ConversationCursorPageResponse<Item> {
  data: Array<Item>;
  has_more: boolean;
  last_id: string;
}

export interface ConversationCursorPageParams {
  after?: string;
  limit?: number;
}

/** A list whose next page begins behind `last_id`. */
export class ConversationCursorPage<Item> extends AbstractPage<Item> implements ConversationCursorPageResponse<Item> {
  declare data: Array<Item>;
  declare has_more: boolean;
  declare last_id: string;

  constructor(
    client: OpenAI,
    response: Response,
    body: ConversationCursorPageResponse<Item>,
    options: FinalRequestOptions,
  ) {
    super(client, response, body, options);
    take(this, body, { data: [], has_more: false, last_id: '' });
  }

  getPaginatedItems(): Item[] {
    return this.data ?? [];
  }

  override hasNextPage(): boolean {
    return this._saysMore() && this.nextPageRequestOptions() != null;
  }

  /** What asks for the page behind this one, also where the server says that there is none. */
  nextPageRequestOptions(): PageRequestOptions | null {
    const body = this.body as { has_more?: unknown; last_id?: unknown } | null;
    const items = this.getPaginatedItems();
    // A page that says nothing of its last id has one all the same; null means the end.
    const last = body && 'last_id' in body ? body.last_id : (items[items.length - 1] as { id?: unknown } | undefined)?.id;
    const id = textOf(last);
    return id === undefined ? null : withQuery(this.options, { after: id });
  }
}

export interface NextCursorPageResponse<Item> {
  data: Array<Item>;
  has_more: boolean;
  next: string | null;
}

export interface NextCursorPageParams {
  after?: string;
  limit?: number;
}

/** A list that names what its next page begins behind. */
export class NextCursorPage<Item> extends AbstractPage<Item> implements NextCursorPageResponse<Item> {
  declare data: Array<Item>;
  declare has_more: boolean;
  declare next: string | null;

  constructor(client: OpenAI, response: Response, body: NextCursorPageResponse<Item>, options: FinalRequestOptions) {
    super(client, response, body, options);
    take(this, body, { data: [], has_more: false, next: null });
  }

  getPaginatedItems(): Item[] {
    return this.data ?? [];
  }

  override hasNextPage(): boolean {
    return this._saysMore() && this.nextPageRequestOptions() != null;
  }

  nextPageRequestOptions(): PageRequestOptions | null {
    const body = this.body as { has_more?: unknown; next?: unknown } | null;
    if (body?.has_more === false) return null;
    const next = textOf(body?.next);
    return next === undefined ? null : withQuery(this.options, { after: next });
  }
}

export interface TokenPageResponse<Item> {
  data: Array<Item>;
  has_more: boolean;
  next: string | null;
}

export interface TokenPageParams {
  page?: string;
  limit?: number;
}

/** A list that names its next page. */
export class TokenPage<Item> extends AbstractPage<Item> implements TokenPageResponse<Item> {
  declare data: Array<Item>;
  declare has_more: boolean;
  declare next: string | null;

  constructor(client: OpenAI, response: Response, body: TokenPageResponse<Item>, options: FinalRequestOptions) {
    super(client, response, body, options);
    take(this, body, { data: [], has_more: false, next: null });
  }

  getPaginatedItems(): Item[] {
    return this.data ?? [];
  }

  override hasNextPage(): boolean {
    return this._saysMore() && this.nextPageRequestOptions() != null;
  }

  nextPageRequestOptions(): PageRequestOptions | null {
    const body = this.body as { has_more?: unknown; next_page?: unknown; next?: unknown } | null;
    if (body?.has_more === false) return null;
    const next = textOf(body?.next_page) ?? textOf(body?.next);
    return next === undefined ? null : withQuery(this.options, { page: next });
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
