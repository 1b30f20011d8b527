@file:JvmName("Deliveries")

package dev.threadline

import dev.threadline.resources.Webhooks
import dev.threadline.types.UnwrapWebhookEvent
import kotlin.time.Duration
import kotlin.time.Duration.Companion.minutes
import kotlin.time.toKotlinDuration
import java.time.Duration as JavaDuration

/**
 * Checks the signature of a delivery; without [secret] the client's `webhookSecret` is taken. [tolerance] is how old it may be. [now]: seconds
 * since the Unix epoch, where it is not the clock's.
 *
 * @throws WebhookSignatureException if the signature is wrong or the delivery too old
 */
public fun Webhooks.verifySignature(
    payload: ByteArray, headers: Map<String, List<String>>, secret: String? = null, tolerance: Duration = 5.minutes, now: Double? = null,
): Unit = translated { caller.native.verifyWebhook(payload, headers, secret, tolerance.inWholeSeconds.coerceAtLeast(0).toULong(), now) }

/** Checks the signature of a delivery, as [verifySignature] does, and reads its event. */
public fun Webhooks.unwrap(
    payload: ByteArray, headers: Map<String, List<String>>, secret: String? = null, tolerance: Duration = 5.minutes, now: Double? = null,
): UnwrapWebhookEvent {
    val event = translated { caller.native.unwrapWebhook(payload, headers, secret, tolerance.inWholeSeconds.coerceAtLeast(0).toULong(), now) }
    return decoded(event.encodeToByteArray(), UnwrapWebhookEvent.Codec, null)
}

/** [verifySignature] for Java: `Deliveries.verifySignature(client.getWebhooks(), …)`. */
@JvmOverloads
public fun Webhooks.verifySignature(payload: ByteArray, headers: Map<String, List<String>>, secret: String?, tolerance: JavaDuration, now: Double? = null): Unit =
    verifySignature(payload, headers, secret, tolerance.toKotlinDuration(), now)

/** [unwrap] for Java. */
@JvmOverloads
public fun Webhooks.unwrap(payload: ByteArray, headers: Map<String, List<String>>, secret: String?, tolerance: JavaDuration, now: Double? = null): UnwrapWebhookEvent =
    unwrap(payload, headers, secret, tolerance.toKotlinDuration(), now)
