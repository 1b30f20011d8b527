/** Types of identities. */

/** Gives the token that is exchanged. */
export interface SubjectTokenProvider {
  tokenType: 'jwt' | 'id';
  getToken: () => Promise<string>;
}

/** An identity that is exchanged for the provider's tokens. */
export interface WorkloadIdentity {
  clientId?: string;
  identityProviderId: string;
  serviceAccountId: string;
  provider: SubjectTokenProvider;
  /** How long before its end a token is replaced, in seconds. */
  refreshBufferSeconds?: number;
  /** Where tokens are exchanged. */
  tokenExchangeUrl?: string;
}

/** An identity proven by the client's certificate. */
export interface X509WorkloadIdentity {
  type: 'x509';
  identityProviderId: string;
  serviceAccountId: string;
  refreshBufferSeconds?: number;
  refreshBufferMs?: number;
  tokenExchangeUrl?: string;
  provider?: never;
  clientId?: never;
}

export interface X509Credential {
  close: () => Promise<void>;
}

export interface TokenExchangeResponse {
  access_token: string;
  issued_token_type: string;
  token_type: string;
  expires_in?: number;
}
