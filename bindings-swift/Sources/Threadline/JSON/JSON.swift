/// A JSON value. Numbers keep the digits that they came with, objects the order of their members.
public enum JSON: Sendable, Hashable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number.
    case number(JSONNumber)
    /// A text.
    case string(String)
    /// A list.
    case array([JSON])
    /// An object.
    case object(JSONObject)
    /// What has no place among the others: an upload, an embedding, a text with half of a surrogate pair.
    case other(JSONOther)
}

/// A number by its digits.
public struct JSONNumber: Sendable, Hashable {
    /// The digits, as JSON has them.
    public let text: String

    init(text: String) {
        self.text = text
    }

    /// A whole number.
    public init(_ value: Int) {
        text = String(value)
    }

    /// A number. One that is not finite has no JSON; the native library refuses the call that has one.
    public init(_ value: Double) {
        text = digits(value)
    }

    /// The value as a whole number, if it is one that fits.
    public var int: Int? {
        if let value = Int(text) { return value }
        guard text.utf8.count > 1, text.utf8.contains(where: { $0 == 0x2E || $0 | 0x20 == 0x65 }) else { return nil }
        return whole(text)
    }

    /// The nearest floating point number, if it is finite.
    public var double: Double? {
        guard let value = Double(text), value.isFinite else { return nil }
        return value
    }
}

/// A number's digits: whole ones of moderate size without a fraction.
func digits(_ value: Double) -> String {
    if value.rounded(.towardZero) == value, abs(value) < 9_007_199_254_740_992 {
        return value == 0 && value.sign == .minus ? "-0.0" : String(Int64(value))
    }
    return "\(value)"
}

/// The whole number that digits with a fraction or an exponent stand for.
private func whole(_ text: String) -> Int? {
    guard let (digits, exponent, negative) = scientific(text), exponent >= 0 else { return nil }
    if digits.isEmpty { return 0 }
    guard exponent <= 19 - digits.count else { return nil }
    let plain = String(decoding: digits, as: UTF8.self) + String(repeating: "0", count: exponent)
    return Int((negative ? "-" : "") + plain)
}

/// Significant digits without zeros at either end, and the power of ten behind them. Two texts are the same number if these are. `nil` for
/// what is no number, and for a power that is too large to count with: servers may write any.
func scientific(_ text: String) -> (digits: [UInt8], exponent: Int, negative: Bool)? {
    var digits: [UInt8] = []
    var shift = 0
    var power: Int? = 0
    var negative = false
    var fraction = false
    var rest = Substring(text).utf8[...]
    if rest.first == 0x2D {
        negative = true
        rest = rest.dropFirst()
    }
    while let byte = rest.first {
        rest = rest.dropFirst()
        switch byte {
        case 0x30...0x39:
            digits.append(byte)
            if fraction { shift -= 1 }
        case 0x2E:
            fraction = true
        case 0x45, 0x65:
            power = Int(Substring(rest))
            rest = rest[rest.endIndex...]
        default:
            return nil
        }
    }
    while digits.last == 0x30 {
        digits.removeLast()
        shift += 1
    }
    digits = Array(digits.drop { $0 == 0x30 })
    // Zero is zero by whatever power of ten.
    if digits.isEmpty { return ([], 0, negative) }
    guard let (exponent, overflow) = power?.addingReportingOverflow(shift), !overflow else { return nil }
    return (digits, exponent, negative)
}

/// What JSON text cannot hold as a plain value.
public struct JSONOther: Sendable, Hashable {
    enum Value: Sendable, Hashable {
        case upload(FileUpload)
        case vector(Vector)
        /// The text between the quotes, as it came.
        case escaped(String)
    }

    let value: Value
}

/// A JSON object. Of members with one name the last counts.
public struct JSONObject: Sendable {
    /// A member.
    public struct Member: Sendable {
        /// Its name.
        public let name: String
        /// Its value.
        public var value: JSON
    }

    /// All members, in their order.
    public internal(set) var members: [Member]

    /// An object without members.
    public init() {
        members = []
    }

    init(members: [Member]) {
        self.members = members
    }

    /// The value of a member; `nil` takes the member away.
    public subscript(name: String) -> JSON? {
        get {
            var index = members.count
            while index > 0 {
                index -= 1
                if members[index].name == name { return members[index].value }
            }
            return nil
        }
        set {
            guard let value = newValue else {
                members.removeAll { $0.name == name }
                return
            }
            if let index = members.lastIndex(where: { $0.name == name }) {
                members[index].value = value
            } else {
                members.append(Member(name: name, value: value))
            }
        }
    }

    /// Names of the members, in their order.
    public var names: [String] { members.map { $0.name } }

    /// Whether there is no member.
    public var isEmpty: Bool { members.isEmpty }
}

extension JSONObject: Hashable {
    /// Whether the same names have the same values, in whatever order.
    public static func == (one: JSONObject, other: JSONObject) -> Bool {
        guard one.members.count == other.members.count else { return false }
        for (index, member) in one.members.enumerated() {
            let same = other.members[index]
            if same.name == member.name ? same.value != member.value : other[member.name] != member.value { return false }
        }
        return true
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(members.count)
        for name in members.map({ $0.name }).sorted() { hasher.combine(name) }
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, JSON)...) {
        self.init()
        for (name, value) in elements { self[name] = value }
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int) { self = .number(JSONNumber(value)) }
    public init(floatLiteral value: Double) { self = .number(JSONNumber(value)) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(nilLiteral: ()) { self = .null }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSON)...) {
        var object = JSONObject()
        for (name, value) in elements { object[name] = value }
        self = .object(object)
    }
}

extension JSON {
    /// The text, if it is one. Half of a surrogate pair shows as U+FFFD.
    public var string: String? {
        switch self {
        case .string(let text): return text
        case .other(let other):
            if case .escaped(let raw) = other.value { return JSONParser.unescaped(raw) }
            return nil
        default: return nil
        }
    }

    /// The number as a whole one, if it is one.
    public var int: Int? {
        if case .number(let number) = self { return number.int }
        return nil
    }

    /// The number, if it is one.
    public var double: Double? {
        if case .number(let number) = self { return number.double }
        return nil
    }

    /// `true` or `false`, if it is one of them.
    public var bool: Bool? {
        if case .bool(let flag) = self { return flag }
        return nil
    }

    /// The list, if it is one.
    public var array: [JSON]? {
        if case .array(let items) = self { return items }
        return nil
    }

    /// The object, if it is one.
    public var object: JSONObject? {
        if case .object(let object) = self { return object }
        return nil
    }

    /// Whether it is `null`.
    public var isNull: Bool {
        if case .null = self { return true }
        return false
    }

    /// A member of an object.
    public subscript(name: String) -> JSON? { object?[name] }

    /// An item of a list.
    public subscript(index: Int) -> JSON? {
        guard let items = array, items.indices.contains(index) else { return nil }
        return items[index]
    }
}
