/** Requests to routes that have no method of their own. */
import { APIPromise } from '../core/api-promise';
import type { Client } from '../core/client';
import { PagePromise, type AbstractPage } from '../core/pagination';
import { Call, type CallResult } from './call';
import { takeFiles } from './files';
import { headerPairs } from './headers';
import type { NativeUpload, Way } from './native';
import type { FinalRequestOptions } from './request-options';
import type { PromiseOrValue } from './types';

/** A request by these options. */
export function request(client: Client, options: PromiseOrValue<FinalRequestOptions>): APIPromise<any> {
  if (typeof (options as Promise<FinalRequestOptions>).then === 'function') {
    return new APIPromise(client as never, later(client, options as Promise<FinalRequestOptions>) as never);
  }
  const call = callOf(client, options as FinalRequestOptions);
  return call instanceof Call ? APIPromise._of(call) : new APIPromise(client as never, call as never);
}

async function later(client: Client, options: Promise<FinalRequestOptions>): Promise<CallResult> {
  const call = callOf(client, await options);
  return call instanceof Call ? call.result : call;
}

/** A list by these options. */
export function requestList(
  client: Client,
  Page: new (...args: any[]) => AbstractPage<any>,
  options: PromiseOrValue<FinalRequestOptions>,
): PagePromise<any, any> {
  const known = (options as FinalRequestOptions).__call;
  if (known && known.operation >= 0) {
    const { __call, method, path, query, body, ...rest } = options as FinalRequestOptions;
    return PagePromise._ofCall(new Call(client, known.operation, known.path, (query ?? {}) as object, rest), () => Page);
  }
  const result = later(client, Promise.resolve(options));
  return new PagePromise(client as never, result as never, Page as never);
}

/** The call of these options; files among them are read first. */
function callOf(client: Client, options: FinalRequestOptions): Call | Promise<CallResult> {
  const { body } = options;
  const isForm = /multipart\/form-data/i.test(headerPairs(options.headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? '');
  if (isForm && typeof body === 'object' && body !== null) {
    return takeFiles(body).then(({ fields, files }) => make(client, options, fields, files, 'form').result);
  }
  if (typeof body === 'object' && body !== null && isBytes(body)) {
    return takeFiles({ content: body }).then(({ fields, files }) => make(client, options, fields, files, 'content').result);
  }
  if (typeof body === 'string') return make(client, options, JSON.stringify({ content: body }), undefined, 'content');
  return make(client, options, body === undefined || body === null ? '{}' : JSON.stringify(body), undefined, body === undefined ? 'nothing' : 'json');
}

function isBytes(value: object): boolean {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof Blob || Symbol.asyncIterator in value;
}

function make(
  client: Client,
  options: FinalRequestOptions,
  fields: string,
  files: NativeUpload[] | undefined,
  sends: string,
): Call {
  const asked = JSON.stringify({ verb: options.method, path: options.path, sends });
  const way: Way = options.stream ? 1 : options.__binaryResponse ? 2 : 0;
  const call: Call = new Call(client, -1, [], undefined, options, {
    start: (native, id, json) => native.undocumented(id, asked, fields, json, files, call.unread ? 2 : way),
    url: options.path.split('?')[0]!,
  });
  return call;
}
