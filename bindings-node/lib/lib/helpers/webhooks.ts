/** Deliveries of webhooks. */
import { fromNative, InvalidWebhookSignatureError, OpenAIError } from '../../core/error';
import { headerPairs, type HeadersLike } from '../../internal/headers';
import { nativeModule } from '../../internal/native';
import type { UnwrapWebhookEvent } from '../../resources/webhooks/webhooks';

/** The event of a delivery, whose signature is checked. */
export async function unwrap(
  resource: any,
  payload: string | Uint8Array,
  headers: HeadersLike,
  secret?: string | null,
  tolerance?: number,
): Promise<UnwrapWebhookEvent> {
  await verifySignature(resource, payload, headers, secret, tolerance);
  try {
    const event = JSON.parse(typeof payload === 'string' ? payload : Buffer.from(payload).toString('utf8'));
    if (typeof event === 'object' && event !== null && typeof event.type === 'string') return event;
  } catch {
    // Said below.
  }
  throw Object.assign(new OpenAIError('the payload of the webhook is no JSON object'), { kind: 'decode' });
}

/** Fails where a delivery is not signed by the holder of the secret, or is older, or newer, than `tolerance` seconds. */
export async function verifySignature(
  resource: any,
  payload: string | Uint8Array,
  headers: HeadersLike,
  secret: string | undefined | null = resource._client.webhookSecret,
  tolerance = 300,
): Promise<void> {
  const own = secret ?? resource._client.webhookSecret;
  if (!own) {
    throw new OpenAIError(
      'The webhook secret must either be set using the env var, OPENAI_WEBHOOK_SECRET, on the client class, OpenAI({ webhookSecret: \'123\' }), or passed to this function',
    );
  }
  const pairs = headerPairs(headers).flatMap(([name, value]) => (value === null ? [] : [name, value]));
  const sent = Number.parseInt(known(pairs, 'webhook-timestamp') ?? '0', 10);
  try {
    nativeModule().verifyWebhook(payload, pairs, own, tolerance, Date.now() / 1000);
  } catch (error) {
    throw worded(fromNative(error), pairs, Number.isNaN(sent) ? NaN : Date.now() / 1000 - sent, tolerance);
  }
}

function known(pairs: string[], name: string): string | undefined {
  const at = pairs.findIndex((text, at) => at % 2 === 0 && text.toLowerCase() === name);
  return at < 0 ? undefined : pairs[at + 1];
}

/** The core's words stay in `detail`; the message is what programs know. */
function worded(error: unknown, pairs: string[], age: number, tolerance: number): unknown {
  if (!(error instanceof InvalidWebhookSignatureError)) return error;
  const missing = ['webhook-signature', 'webhook-timestamp', 'webhook-id'].find((name) => known(pairs, name) === undefined);
  error.message =
    missing ? `Missing required header: ${missing}`
    : Number.isNaN(age) ? 'Invalid webhook timestamp format'
    : age > tolerance ? 'Webhook timestamp is too old'
    : age < -tolerance ? 'Webhook timestamp is too new'
    : 'The given webhook signature does not match the expected signature';
  return error;
}
