import Foundation

/// An object of the API. Its members are read from, and written to, the JSON object that it stands on; so what it does not know stays as it
/// came, and reading never fails.
public protocol APIObject: _Value, Codable, Hashable, CustomDebugStringConvertible {
    /// All members as JSON, known or not.
    var json: JSONObject { get set }
    /// The object of this JSON.
    init(json: JSONObject)
    /// What the type is made of.
    static var _shape: Shape { get }
}

extension APIObject {
    /// The object of a JSON text.
    ///
    /// - Throws: ``JSONError`` if it is no JSON object.
    public init(parsing text: String) throws {
        guard let object = try JSON(parsing: text).object else { throw JSONError(reason: "no JSON object", offset: 0) }
        self.init(json: object)
    }

    /// Whether a member is an explicit `null`.
    public func isNull(_ name: String) -> Bool { json[name]?.isNull ?? false }

    /// Makes members, by their names in the API, an explicit `null`, which is not the same as leaving them out.
    public mutating func setNull(_ names: String...) {
        for name in names { json[name] = .null }
    }

    /// Members that the API's description does not know.
    public var extra: [String: JSON] {
        var unknown: [String: JSON] = [:]
        for member in json.members where !Self._shape.knows(member.name) { unknown[member.name] = member.value }
        return unknown
    }

    public init(from decoder: any Decoder) throws {
        let tree = try JSON(from: decoder)
        guard let object = tree.object else {
            let context = DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "no JSON object")
            throw DecodingError.typeMismatch(Self.self, context)
        }
        self.init(json: object)
    }

    public func encode(to encoder: any Encoder) throws { try JSON.object(json).encode(to: encoder) }

    public static func == (one: Self, other: Self) -> Bool { one.json == other.json }
    public func hash(into hasher: inout Hasher) { json.hash(into: &hasher) }
    public var hashValue: Int { json.hashValue }

    /// The type's name and its JSON, without secrets.
    public var debugDescription: String { Self._shape.shown(.object(json)) }

    public static func _read(_ json: JSON) -> Self? {
        if case .object(let object) = json { return Self(json: object) }
        return nil
    }

    public static var _blank: Self { Self(json: JSONObject()) }
    public func _json() -> JSON { .object(json) }
}

/// One of several texts. Texts that the API's description does not know are kept.
public protocol APIEnum: RawRepresentable, _Value, Codable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible
where RawValue == String {
    /// The value of a text, known or not.
    init(rawValue: String)
    /// What the type is made of.
    static var _shape: Shape { get }
}

extension APIEnum {
    public init(stringLiteral value: String) { self.init(rawValue: value) }

    /// Whether the API's description knows the text.
    public var isKnown: Bool { Self._shape.knows(rawValue) }

    public var description: String { rawValue }

    public init(from decoder: any Decoder) throws { self.init(rawValue: try decoder.singleValueContainer().decode(String.self)) }

    public func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        try value.encode(rawValue)
    }

    public static func == (one: Self, other: Self) -> Bool { one.rawValue == other.rawValue }
    public func hash(into hasher: inout Hasher) { hasher.combine(rawValue) }
    public var hashValue: Int { rawValue.hashValue }

    public static func _read(_ json: JSON) -> Self? { json.string.map { Self(rawValue: $0) } }
    public static var _blank: Self { Self(rawValue: "") }
    public func _json() -> JSON { .string(rawValue) }
}

/// One of several types. Which one, its tag says, or the members that are there; what fits none is kept as JSON.
public protocol APIUnion: _Value, Codable, Hashable, CustomDebugStringConvertible {
    /// The value of this JSON.
    init(json: JSON)
    /// The value as JSON.
    var json: JSON { get }
    /// What the type is made of.
    static var _shape: Shape { get }
}

extension APIUnion {
    public init(from decoder: any Decoder) throws { self.init(json: try JSON(from: decoder)) }
    public func encode(to encoder: any Encoder) throws { try json.encode(to: encoder) }

    public static func == (one: Self, other: Self) -> Bool { one.json == other.json }
    public func hash(into hasher: inout Hasher) { json.hash(into: &hasher) }
    public var hashValue: Int { json.hashValue }

    /// The type's name and its JSON, without secrets.
    public var debugDescription: String { Self._shape.shown(json) }

    public static func _read(_ json: JSON) -> Self? { Self(json: json) }
    public static var _blank: Self { Self(json: .null) }
    public func _json() -> JSON { json }
}
