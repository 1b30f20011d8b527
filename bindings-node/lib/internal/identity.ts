/** Identities as the native module reads them. */
import { keep } from './native';

/** Under this symbol a provider says how the core gets its token. */
export const NATIVE: unique symbol = Symbol.for('threadline.nativeProvider');

/** A source of tokens that the core knows (`threadline::settings`). */
export type NativeProvider = { type: string } & Record<string, string | undefined>;

/** A workload's identity. */
export function identity(given: any, owner: object): Record<string, unknown> {
  const { provider } = given;
  const buffer = given.refreshBufferSeconds ?? (given.refreshBufferMs === undefined ? undefined : given.refreshBufferMs / 1000);
  const made: Record<string, unknown> = {
    identity_provider_id: given.identityProviderId,
    service_account_id: given.serviceAccountId,
    token_exchange_url: given.tokenExchangeUrl,
    refresh_buffer_seconds: buffer,
  };
  if (given.type === 'x509') made['provider'] = { type: 'x509' };
  else if (provider[NATIVE]) made['provider'] = provider[NATIVE];
  else {
    const get = keep(() => provider.getToken(), owner);
    made['provider'] = { type: 'function', function: get, token_type: provider.tokenType };
  }
  return made;
}
