import Foundation
import ThreadlineFFI

extension WebhooksResource {
    /// Checks the signature of a delivery; without `secret` the client's ``ClientOptions/webhookSecret`` is taken. `tolerance` is how old it
    /// may be, in seconds; `.infinity` is without end. `now`: the time to judge by, where it is not the clock's.
    ///
    /// - Throws: ``ThreadlineError/webhookSignature(_:)`` if the signature is wrong or the delivery too old.
    public func verifySignature(
        _ payload: Data, headers: [String: [String]], secret: String? = nil, tolerance: TimeInterval = 300, now: Date? = nil
    ) throws {
        try Calls.now {
            try _calls.native.verifyWebhook(
                payload: payload, headers: headers, secret: secret, tolerance: wholeSeconds(tolerance), now: now?.timeIntervalSince1970)
        }
    }

    /// Checks the signature of a delivery, as ``verifySignature(_:headers:secret:tolerance:now:)`` does, and reads its event.
    public func unwrap(
        _ payload: Data, headers: [String: [String]], secret: String? = nil, tolerance: TimeInterval = 300, now: Date? = nil
    ) throws -> UnwrapWebhookEvent {
        let event = try Calls.now {
            try _calls.native.unwrapWebhook(
                payload: payload, headers: headers, secret: secret, tolerance: wholeSeconds(tolerance), now: now?.timeIntervalSince1970)
        }
        return try Calls.decoded(Data(event.utf8), nil)
    }
}

/// Seconds as the native library takes them.
private func wholeSeconds(_ time: TimeInterval) throws -> UInt64 {
    if time.isNaN { throw ThreadlineError.of("usage", "`tolerance` is no number") }
    // The years that are as good as no end.
    return UInt64(min(max(0, time), 1e15))
}
