/** OpenAI's models on Google's Vertex AI. */
import { APIUserAbortError, OpenAIError } from '../core/error';
import { createProvider, createProviderTimeoutError, unlessAborted, type Provider } from '../internal/provider';
import { readEnv } from '../internal/settings';

export interface VertexOptions {
  /** Default: `GOOGLE_CLOUD_PROJECT`. */
  project?: string | undefined;
  /** A region, or `global`. Default: `GOOGLE_CLOUD_LOCATION`. */
  location?: string | undefined;
  /** Root of the API, in place of project and location. */
  baseURL?: string | undefined;
  /** Gives a token for each request. */
  tokenProvider?: (() => string | Promise<string>) | undefined;
  /** A client of `google-auth-library`. Default: its default credentials, where the program has the library. */
  credentials?: GoogleClient | undefined;
}

export interface GoogleClient {
  getRequestHeaders: (url?: string) => Promise<Headers | Record<string, string>>;
}

/** Headers that are the provider's own affair. */
const OWNED = ['authorization', 'api-key', 'openai-organization', 'openai-project'];

/** For `new OpenAI({ provider: vertex({ … }) })`. */
export function vertex(options: VertexOptions = {}): Provider {
  const { tokenProvider, credentials } = options;
  if (credentials && tokenProvider) throw new OpenAIError('Set only one of credentials and tokenProvider.');
  const root = new URL(options.baseURL ?? rootOf(options));
  if (!['http:', 'https:'].includes(root.protocol) || root.username || root.password || root.search || root.hash) {
    throw new OpenAIError('Vertex baseURL must be an HTTP(S) API root without credentials, query or fragment.');
  }
  if (root.protocol !== 'https:' && /(?:^|\.)googleapis\.com\.?$/.test(root.hostname)) {
    throw new OpenAIError('Google Vertex endpoints require HTTPS.');
  }
  return createProvider({
    configure: () => {
      const headersFor = tokenProvider ? fromTokens(tokenProvider) : fromGoogle(credentials);
      return {
        name: 'vertex',
        baseURL: root.toString(),
        timeoutIncludesAuth: true,
        prepareRequest: async (request, context) => {
          if (new URL(context.url).origin !== root.origin) {
            throw new OpenAIError('Refusing to send Vertex credentials outside the configured origin.');
          }
          const headers = new Headers(request.headers);
          if (OWNED.some((name) => headers.has(name))) {
            throw new OpenAIError(
              'Vertex owns authentication; remove OpenAI project/organization and custom Authorization or api-key headers.',
            );
          }
          const late = new AbortController();
          const timer = context.timeout === undefined ? undefined : setTimeout(() => late.abort(), context.timeout);
          try {
            const own = await unlessAborted(request, context, () => headersFor(context.url), [late.signal]);
            for (const [name, value] of own) headers.set(name, value);
            request.headers = headers;
            request.redirect = 'manual';
          } catch (error) {
            if (late.signal.aborted) throw createProviderTimeoutError();
            if (error instanceof APIUserAbortError) throw error;
            // Without the cause: it may hold credentials.
            throw new OpenAIError('Vertex authentication failed. Check ADC and google-auth-library, or supply tokenProvider.');
          } finally {
            clearTimeout(timer);
          }
        },
      };
    },
  });
}

function rootOf(options: VertexOptions): string {
  const project = options.project ?? readEnv('GOOGLE_CLOUD_PROJECT');
  const location = options.location ?? readEnv('GOOGLE_CLOUD_LOCATION');
  // Older projects have a domain in their ids: dots and a colon.
  if (!project || !/^[a-zA-Z0-9_-][a-zA-Z0-9_.:-]*$/.test(project)) {
    throw new OpenAIError('Vertex requires a project ID (project or GOOGLE_CLOUD_PROJECT).');
  }
  if (!location || !/^[a-z0-9-]+$/.test(location)) throw new OpenAIError('Vertex requires a location (location or GOOGLE_CLOUD_LOCATION).');
  const host = location === 'global' ? 'aiplatform.googleapis.com' : `${location}-aiplatform.googleapis.com`;
  return `https://${host}/v1/projects/${project}/locations/${location}/publishers/openai/v1`;
}

type HeadersFor = (url: string) => Promise<Headers>;

function fromTokens(provider: () => string | Promise<string>): HeadersFor {
  return async () => {
    const token = await provider();
    if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
      throw new OpenAIError('Vertex token provider must return a valid bearer token.');
    }
    return new Headers({ authorization: `Bearer ${token}` });
  };
}

function fromGoogle(credentials: GoogleClient | undefined): HeadersFor {
  let found: Promise<GoogleClient> | undefined;
  return async (url) => {
    found ??= credentials ? Promise.resolve(credentials) : discovered();
    try {
      return new Headers(await (await found).getRequestHeaders(url));
    } catch (error) {
      // The next request looks anew.
      found = undefined;
      throw error;
    }
  };
}

async function discovered(): Promise<GoogleClient> {
  const { GoogleAuth } = require('google-auth-library') as { GoogleAuth: new (options: object) => { getClient(): Promise<GoogleClient> } };
  return new GoogleAuth({ scopes: ['https://www.googleapis.com/auth/cloud-platform'] }).getClient();
}
