import Foundation
import ThreadlineFFI

extension WebhooksResource {
    /// Checks the signature of a delivery; without `secret` the client's ``ClientOptions/webhookSecret`` is taken. `tolerance` is how old it
    /// may be, in seconds; `.infinity` is no limit. `now`: the time to judge by, where it is not the clock's.
    ///
    /// - Throws: ``ThreadlineError/webhookSignature(_:)`` if the signature is wrong or the delivery too old.
    public func verifySignature(
        _ payload: Data, headers: [String: [String]], secret: String? = nil, tolerance: TimeInterval = 300, now: Date? = nil
    ) throws {
        let (tolerance, now) = try (age(tolerance), moment(now))
        try Calls.now {
            try _calls.native.verifyWebhook(
                payload: payload, headers: headers, secret: secret, tolerance: tolerance, now: now)
        }
    }

    /// Checks the signature of a delivery, as ``verifySignature(_:headers:secret:tolerance:now:)`` does, and reads its event.
    public func unwrap(
        _ payload: Data, headers: [String: [String]], secret: String? = nil, tolerance: TimeInterval = 300, now: Date? = nil
    ) throws -> UnwrapWebhookEvent {
        let (tolerance, now) = try (age(tolerance), moment(now))
        let event = try Calls.now {
            try _calls.native.unwrapWebhook(
                payload: payload, headers: headers, secret: secret, tolerance: tolerance, now: now)
        }
        return try Calls.decoded(Data(event.utf8), nil)
    }
}

/// An age in whole seconds: none below zero, and no limit beyond what can be counted.
private func age(_ tolerance: TimeInterval) throws -> UInt64 {
    if tolerance.isNaN { throw ThreadlineError.of("usage", "`tolerance` must be a number of seconds") }
    return tolerance < 0x1p63 ? UInt64(max(0, tolerance)) : UInt64.max
}

/// Seconds since 1970, within what clocks of every system can hold.
private func moment(_ now: Date?) throws -> Double? {
    guard let seconds = now?.timeIntervalSince1970 else { return nil }
    if seconds.isNaN { throw ThreadlineError.of("usage", "`now` must be a time") }
    return min(max(0, seconds), 0x1p60)
}
