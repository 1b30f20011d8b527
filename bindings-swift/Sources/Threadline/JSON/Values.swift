import Foundation

/// A value that a member of the API's objects can have. Reading is lenient: what is of another type reads as `nil`.
///
/// What generated types stand on; nothing to be called from outside.
public protocol _Value: Sendable {
    /// The value; `nil` when the JSON is of another type.
    static func _read(_ json: JSON) -> Self?
    /// What stands for a required member that is absent.
    static var _blank: Self { get }
    /// The value in JSON.
    func _json() -> JSON
}

extension JSONObject {
    /// A required member; an empty value where it is absent or of another type.
    func req<T: _Value>(_ name: String) -> T {
        guard let raw = self[name], let value = T._read(raw) else { return T._blank }
        return value
    }

    /// An optional member.
    func opt<T: _Value>(_ name: String) -> T? {
        guard let raw = self[name] else { return nil }
        return T._read(raw)
    }

    /// Sets a member; `nil` leaves it out.
    mutating func put<T: _Value>(_ name: String, _ value: T?) {
        self[name] = value?._json()
    }

    /// Adds a member that is not there yet.
    mutating func add<T: _Value>(_ name: String, _ value: T?) {
        if let value { members.append(Member(name: name, value: value._json())) }
    }

    /// Adds a member with the one value that it can have.
    mutating func add(constant name: String, _ value: JSON) {
        members.append(Member(name: name, value: value))
    }
}

extension JSON: _Value {
    public static func _read(_ json: JSON) -> JSON? { json }
    public static var _blank: JSON { .null }
    public func _json() -> JSON { self }
}

extension String: _Value {
    public static func _read(_ json: JSON) -> String? { json.string }
    public static var _blank: String { "" }
    public func _json() -> JSON { .string(self) }
}

extension Int: _Value {
    public static func _read(_ json: JSON) -> Int? { json.int }
    public static var _blank: Int { 0 }
    public func _json() -> JSON { .number(JSONNumber(self)) }
}

extension Double: _Value {
    public static func _read(_ json: JSON) -> Double? { json.double }
    public static var _blank: Double { 0 }
    /// A number that is not finite has no JSON; the native library refuses the call that has one.
    public func _json() -> JSON { isFinite ? .number(JSONNumber(self)) : .number(JSONNumber(text: "\(self)")) }
}

extension Bool: _Value {
    public static func _read(_ json: JSON) -> Bool? { json.bool }
    public static var _blank: Bool { false }
    public func _json() -> JSON { .bool(self) }
}

extension Array: _Value where Element: _Value {
    /// An item of another type is left out.
    public static func _read(_ json: JSON) -> [Element]? {
        guard case .array(let items) = json else { return nil }
        var list: [Element] = []
        list.reserveCapacity(items.count)
        for item in items {
            if let value = Element._read(item) { list.append(value) }
        }
        return list
    }

    public static var _blank: [Element] { [] }
    public func _json() -> JSON { .array(map { $0._json() }) }
}

extension Dictionary: _Value where Key == String, Value: _Value {
    /// A member of another type is left out.
    public static func _read(_ json: JSON) -> [String: Value]? {
        guard case .object(let object) = json else { return nil }
        var map: [String: Value] = [:]
        map.reserveCapacity(object.members.count)
        for member in object.members {
            if let value = Value._read(member.value) { map[member.name] = value }
        }
        return map
    }

    public static var _blank: [String: Value] { [:] }

    public func _json() -> JSON {
        var object = JSONObject()
        for name in keys.sorted() { object.add(name, self[name]) }
        return .object(object)
    }
}

/// `null` and nothing else.
public struct JSONNull: Sendable, Hashable, Codable, _Value {
    /// `null`.
    public init() {}

    public static func _read(_ json: JSON) -> JSONNull? { json.isNull ? JSONNull() : nil }
    public static var _blank: JSONNull { JSONNull() }
    public func _json() -> JSON { .null }
}

/// A text that no description shows.
public struct Secret: Sendable, Hashable, Codable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable, _Value {
    /// The text itself.
    public let value: String

    /// A secret text.
    public init(_ value: String) {
        self.value = value
    }

    public var description: String { "***" }
    public var debugDescription: String { "***" }
    public var customMirror: Mirror { Mirror(self, children: []) }

    public static func _read(_ json: JSON) -> Secret? { json.string.map(Secret.init) }
    public static var _blank: Secret { Secret("") }
    public func _json() -> JSON { .string(value) }
}

/// An embedding: numbers, however they came. Servers send a list, or, shorter, base64 of little-endian floats; it is written as a list,
/// unless the caller asked for base64.
public struct Vector: Sendable, Hashable, Codable, _Value {
    /// Its numbers.
    public let numbers: [Double]
    /// The base64 text, where the caller asked for it.
    public let base64: String?

    /// A vector of these numbers.
    public init(_ numbers: [Double]) {
        self.numbers = numbers
        base64 = nil
    }

    private init(numbers: [Double], base64: String?) {
        self.numbers = numbers
        self.base64 = base64
    }

    /// The vector of a base64 text; it keeps the text, and may hold what is not finite, where the caller asked for it.
    init?(base64 text: String, keep: Bool) {
        guard let bytes = Data(base64Encoded: text), bytes.count % 4 == 0 else { return nil }
        var numbers: [Double] = []
        numbers.reserveCapacity(bytes.count / 4)
        var finite = true
        bytes.withUnsafeBytes { raw in
            for offset in stride(from: 0, to: raw.count, by: 4) {
                let bits = UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
                let number = Float(bitPattern: bits)
                finite = finite && number.isFinite
                numbers.append(Double(number))
            }
        }
        guard keep || finite else { return nil }
        self.init(numbers: numbers, base64: keep ? text : nil)
    }

    /// Its numbers as floats.
    public var floats: [Float] { numbers.map { Float($0) } }

    func write(to out: inout JSONWriter) {
        if let base64 { return out.string(base64) }
        out.value(.array(numbers.map { $0._json() }))
    }

    public static func _read(_ json: JSON) -> Vector? {
        switch json {
        case .array(let items):
            var numbers: [Double] = []
            numbers.reserveCapacity(items.count)
            for item in items {
                guard let number = item.double else { return nil }
                numbers.append(number)
            }
            return Vector(numbers)
        case .string(let text): return Vector(base64: text, keep: true)
        case .other(let other):
            if case .vector(let vector) = other.value { return vector }
            return nil
        default: return nil
        }
    }

    public static var _blank: Vector { Vector([]) }
    public func _json() -> JSON { .other(JSONOther(value: .vector(self))) }
}
