import Foundation

/// Reads a time as RFC 3339 has it, with any number of digits behind the second. Foundation's strategy for JSON refuses fractions of seconds,
/// and its formatter takes either texts that have one or texts that have none.
struct Timestamp {
    private var rest: ArraySlice<UInt8>

    /// The time of a text, if it is one.
    static func date(_ text: String) -> Date? {
        var text = Timestamp(rest: Array(text.utf8)[...])
        guard let year = text.number(4), text.take("-"), let month = text.number(2), text.take("-"), let day = text.number(2),
            text.take("T") || text.take("t") || text.take(" "), let time = text.time(), let fraction = text.fraction(),
            let offset = text.offset(), text.rest.isEmpty, let days = days(year, month, day)
        else { return nil }
        return Date(timeIntervalSinceReferenceDate: Double(days * 86_400 + time - offset) + fraction)
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard let byte = rest.first, UInt32(byte) == character.value else { return false }
        rest = rest.dropFirst()
        return true
    }

    private mutating func digit() -> Int? {
        guard let byte = rest.first, 0x30...0x39 ~= byte else { return nil }
        rest = rest.dropFirst()
        return Int(byte - 0x30)
    }

    private mutating func number(_ count: Int) -> Int? {
        var number = 0
        for _ in 0..<count {
            guard let digit = digit() else { return nil }
            number = number * 10 + digit
        }
        return number
    }

    /// Seconds since midnight. A minute may have a leap second.
    private mutating func time() -> Int? {
        guard let hour = number(2), take(":"), let minute = number(2), take(":"), let second = number(2), hour < 24, minute < 60, second <= 60
        else { return nil }
        return hour * 3600 + minute * 60 + second
    }

    /// Digits behind the second. Those that a `Date` cannot tell apart any more are read over.
    private mutating func fraction() -> Double? {
        guard take(".") else { return 0 }
        guard let first = digit() else { return nil }
        var (digits, scale) = (Double(first), 10.0)
        while let digit = digit() {
            guard scale < 1e15 else { continue }
            digits = digits * 10 + Double(digit)
            scale *= 10
        }
        return digits / scale
    }

    /// Seconds that the clock is ahead of UTC.
    private mutating func offset() -> Int? {
        if take("Z") || take("z") { return 0 }
        let west = take("-")
        guard west || take("+"), let hour = number(2) else { return nil }
        _ = take(":")
        guard let minute = number(2), hour < 24, minute < 60 else { return nil }
        return (west ? -1 : 1) * (hour * 3600 + minute * 60)
    }

    /// Days since the first of January 2001, where `Date` counts from.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int? {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard 1...12 ~= month, 1...lengths[month - 1] ~= day else { return nil }
        // Four hundred years are added, so that the divisions round down in the year 0 too; the last number makes 2001 the beginning.
        let past = year + 399
        return past * 365 + past / 4 - past / 100 + past / 400 + lengths[..<(month - 1)].reduce(0, +) + day - 1 - 876_582
    }
}
