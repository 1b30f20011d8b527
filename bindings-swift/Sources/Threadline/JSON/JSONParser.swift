/// Why a text is no JSON.
public struct JSONError: Error, Sendable, CustomStringConvertible {
    /// What is wrong.
    public let reason: String
    /// Where, in bytes from the beginning.
    public let offset: Int

    public var description: String { "\(reason) at byte \(offset)" }
}

/// Reads JSON text.
struct JSONParser {
    /// Deepest nesting, as in the native library.
    static let depth = 128

    private let start: UnsafePointer<UInt8>
    private let count: Int
    private var at = 0
    private var level = 0

    /// The value of a whole text.
    static func parse(_ bytes: UnsafeBufferPointer<UInt8>) throws -> JSON {
        guard let start = bytes.baseAddress, bytes.count > 0 else { throw JSONError(reason: "an empty text is no JSON", offset: 0) }
        var parser = JSONParser(start: start, count: bytes.count)
        let value = try parser.value()
        parser.space()
        if parser.at < parser.count { throw parser.wrong("something follows the value") }
        return value
    }

    static func parse(_ text: String) throws -> JSON {
        var text = text
        return try text.withUTF8 { try parse($0) }
    }

    private init(start: UnsafePointer<UInt8>, count: Int) {
        self.start = start
        self.count = count
    }

    private func wrong(_ reason: String) -> JSONError { JSONError(reason: reason, offset: at) }

    private mutating func space() {
        while at < count {
            let byte = start[at]
            if byte != 0x20 && byte != 0x0A && byte != 0x0D && byte != 0x09 { return }
            at += 1
        }
    }

    private mutating func value() throws -> JSON {
        space()
        guard at < count else { throw wrong("the text ends too early") }
        switch start[at] {
        case 0x22: return try string()
        case 0x7B: return try object()
        case 0x5B: return try array()
        case 0x74: return try word("true", .bool(true))
        case 0x66: return try word("false", .bool(false))
        case 0x6E: return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSON) throws -> JSON {
        let length = word.utf8CodeUnitCount
        guard at + length <= count else { throw wrong("no JSON value") }
        for index in 0..<length where start[at + index] != word.utf8Start[index] { throw wrong("no JSON value") }
        at += length
        return value
    }

    private mutating func deeper() throws {
        at += 1
        level += 1
        if level > JSONParser.depth { throw wrong("JSON nested deeper than \(JSONParser.depth) levels") }
    }

    private mutating func object() throws -> JSON {
        try deeper()
        var members: [JSONObject.Member] = []
        space()
        if at < count, start[at] == 0x7D {
            at += 1
            level -= 1
            return .object(JSONObject(members: members))
        }
        while true {
            space()
            guard at < count, start[at] == 0x22 else { throw wrong("a member's name is expected") }
            let name = try string().string ?? ""
            space()
            guard at < count, start[at] == 0x3A else { throw wrong("`:` is expected") }
            at += 1
            members.append(JSONObject.Member(name: name, value: try value()))
            space()
            guard at < count else { throw wrong("the text ends inside of an object") }
            let byte = start[at]
            at += 1
            if byte == 0x2C { continue }
            if byte == 0x7D { break }
            at -= 1
            throw wrong("`,` or `}` is expected")
        }
        level -= 1
        return .object(JSONObject(members: members))
    }

    private mutating func array() throws -> JSON {
        try deeper()
        var items: [JSON] = []
        space()
        if at < count, start[at] == 0x5D {
            at += 1
            level -= 1
            return .array(items)
        }
        while true {
            items.append(try value())
            space()
            guard at < count else { throw wrong("the text ends inside of a list") }
            let byte = start[at]
            at += 1
            if byte == 0x2C { continue }
            if byte == 0x5D { break }
            at -= 1
            throw wrong("`,` or `]` is expected")
        }
        level -= 1
        return .array(items)
    }

    private mutating func number() throws -> JSON {
        let from = at
        if start[at] == 0x2D { at += 1 }
        let whole = at
        skipDigits()
        if at == whole || (start[whole] == 0x30 && at > whole + 1) { throw wrong("no JSON value") }
        if at < count, start[at] == 0x2E {
            at += 1
            let fraction = at
            skipDigits()
            if at == fraction { throw wrong("a digit is expected") }
        }
        if at < count, start[at] | 0x20 == 0x65 {
            at += 1
            if at < count, start[at] == 0x2B || start[at] == 0x2D { at += 1 }
            let exponent = at
            skipDigits()
            if at == exponent { throw wrong("a digit is expected") }
        }
        return .number(JSONNumber(text: text(from, at)))
    }

    private mutating func skipDigits() {
        while at < count, start[at] >= 0x30, start[at] <= 0x39 { at += 1 }
    }

    private func text(_ from: Int, _ to: Int) -> String {
        String(decoding: UnsafeBufferPointer(start: start + from, count: to - from), as: UTF8.self)
    }

    /// A text. Control characters may stand in it as they are, as some servers write them; they are escaped when it is written.
    private mutating func string() throws -> JSON {
        at += 1
        let from = at
        var escapes = false
        while at < count {
            let byte = start[at]
            if byte == 0x22 {
                let raw = UnsafeBufferPointer(start: start + from, count: at - from)
                at += 1
                if !escapes { return .string(String(decoding: raw, as: UTF8.self)) }
                return try unescape(raw)
            }
            if byte == 0x5C {
                escapes = true
                at += 1
            }
            at += 1
        }
        throw wrong("the text ends inside of a string")
    }

    private func unescape(_ raw: UnsafeBufferPointer<UInt8>) throws -> JSON {
        var out: [UInt8] = []
        out.reserveCapacity(raw.count)
        var lost = false
        guard JSONParser.unescape(raw, into: &out, lost: &lost) else { throw wrong("an escape that JSON does not have") }
        if lost { return .other(JSONOther(value: .escaped(String(decoding: raw, as: UTF8.self)))) }
        return .string(String(decoding: out, as: UTF8.self))
    }

    /// The text of what stands between quotes; half of a surrogate pair becomes U+FFFD.
    static func unescaped(_ raw: String) -> String {
        var raw = raw
        var out: [UInt8] = []
        var lost = false
        _ = raw.withUTF8 { unescape($0, into: &out, lost: &lost) }
        return String(decoding: out, as: UTF8.self)
    }

    private static func unescape(_ raw: UnsafeBufferPointer<UInt8>, into out: inout [UInt8], lost: inout Bool) -> Bool {
        var index = 0
        while index < raw.count {
            let byte = raw[index]
            index += 1
            if byte != 0x5C {
                out.append(byte)
                continue
            }
            guard index < raw.count else { return false }
            let escape = raw[index]
            index += 1
            switch escape {
            case 0x22, 0x5C, 0x2F: out.append(escape)
            case 0x62: out.append(0x08)
            case 0x66: out.append(0x0C)
            case 0x6E: out.append(0x0A)
            case 0x72: out.append(0x0D)
            case 0x74: out.append(0x09)
            case 0x75:
                guard let first = hex(raw, index) else { return false }
                index += 4
                var scalar = first
                if first & 0xFC00 == 0xD800, index + 1 < raw.count, raw[index] == 0x5C, raw[index + 1] == 0x75,
                    let second = hex(raw, index + 2), second & 0xFC00 == 0xDC00 {
                    index += 6
                    scalar = 0x10000 + ((first & 0x3FF) << 10 | second & 0x3FF)
                } else if first & 0xF800 == 0xD800 {
                    lost = true
                    scalar = 0xFFFD
                }
                append(scalar, to: &out)
            default: return false
            }
        }
        return true
    }

    private static func hex(_ raw: UnsafeBufferPointer<UInt8>, _ from: Int) -> UInt32? {
        guard from + 4 <= raw.count else { return nil }
        var value: UInt32 = 0
        for index in from..<from + 4 {
            let byte = raw[index]
            switch byte {
            case 0x30...0x39: value = value << 4 | UInt32(byte - 0x30)
            case 0x41...0x46, 0x61...0x66: value = value << 4 | UInt32((byte | 0x20) - 0x57)
            default: return nil
            }
        }
        return value
    }

    private static func append(_ scalar: UInt32, to out: inout [UInt8]) {
        guard let scalar = Unicode.Scalar(scalar) else { return }
        for byte in String(Character(scalar)).utf8 { out.append(byte) }
    }
}
