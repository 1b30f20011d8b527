import Foundation

/// The JSON schema of what a type reads, found out by letting the type read from a decoder that writes down what it is asked for.
struct SchemaOfType {
    /// What stands in `$defs`.
    private var definitions: [(name: String, schema: JSON)] = []
    /// Types whose schema is being made.
    private var open: [ObjectIdentifier] = []
    /// Types that hold themselves, and their names in `$defs`.
    private var recursive: [ObjectIdentifier: String] = [:]

    /// The schema of a type; one that holds itself stands in `$defs`.
    ///
    /// - Throws: ``ThreadlineError/usage(_:)`` if the type does not say what it is made of.
    static func of(_ type: any Decodable.Type) throws -> JSON {
        var maker = SchemaOfType()
        guard var root = try maker.schema(type).object else { return .null }
        if !maker.definitions.isEmpty {
            var shared = JSONObject()
            for (name, schema) in maker.definitions { shared[name] = schema }
            root["$defs"] = .object(shared)
        }
        return .object(root)
    }

    /// The schema of a type.
    mutating func schema(_ type: any Decodable.Type) throws -> JSON { try reading(type).schema }

    /// The schema of a type, and a value of it that stands for one that was read.
    fileprivate mutating func reading(_ type: any Decodable.Type) throws -> (schema: JSON, value: any Decodable) {
        if let plain = type as? any PlainType.Type { return (plain.plainSchema, plain.plainValue) }
        if let holder = type as? any HolderType.Type { return (try holder.holderSchema(&self), holder.emptyHolder) }
        if let known = type as? any (CaseIterable & Decodable).Type, let texts = try names(of: known) { return texts }
        return try read(type)
    }

    /// The texts of an enum.
    private func names<T: CaseIterable & Decodable>(of type: T.Type) throws -> (schema: JSON, value: any Decodable)? {
        guard let first = type.allCases.first(where: { _ in true }) else { return nil }
        let texts = type.allCases.compactMap { ($0 as? any RawRepresentable)?.rawValue }
        if let texts = texts as? [String], !texts.isEmpty {
            return (["type": "string", "enum": .array(texts.map { .string($0) })], first)
        }
        if let numbers = texts as? [Int], !numbers.isEmpty {
            return (["type": "integer", "enum": .array(numbers.map { .number(JSONNumber($0)) })], first)
        }
        return nil
    }

    private mutating func read(_ type: any Decodable.Type) throws -> (schema: JSON, value: any Decodable) {
        let identity = ObjectIdentifier(type)
        if isOpen(type) { throw SchemaOfType.unclear(type, "holds itself in a way that has no end") }
        open.append(identity)
        defer { open.removeLast() }
        let record = Record(maker: self, type: type)
        let value: any Decodable
        do {
            value = try type.init(from: SchemaDecoder(record: record, codingPath: []))
        } catch let error as ThreadlineError {
            throw error
        } catch {
            throw SchemaOfType.unclear(type, "is an enum that is not `CaseIterable`, or takes some values only (\(error))")
        }
        definitions = record.maker.definitions
        recursive = record.maker.recursive
        guard var schema = record.single?.object ?? record.members?.schema else {
            throw SchemaOfType.unclear(type, "reads nothing that has a name")
        }
        if let told = type as? any StructuredOutput.Type, let text = told.outputDescription, open.count > 1 {
            schema["description"] = .string(text)
        }
        guard let name = recursive[identity], !definitions.contains(where: { $0.name == name }) else { return (.object(schema), value) }
        definitions.append((name, .object(schema)))
        return (open.count == 1 ? .object(schema) : SchemaOfType.reference(name), value)
    }

    /// Whether the schema of a type is being made, so that it is inside of itself.
    fileprivate func isOpen(_ type: any Decodable.Type) -> Bool { open.contains(ObjectIdentifier(type)) }

    /// The schema of what a list, a map or an optional holds, which may be the type that holds it.
    fileprivate mutating func held(_ type: any Decodable.Type) throws -> JSON {
        guard isOpen(type) else { return try schema(type) }
        return SchemaOfType.reference(definition(of: type))
    }

    /// The name of a type in `$defs`. Types inside of different ones may have the same: each further one of it gets a number.
    private mutating func definition(of type: any Decodable.Type) -> String {
        if let name = recursive[ObjectIdentifier(type)] { return name }
        let plain = SchemaOfType.name(of: type)
        var (name, count) = (plain, 1)
        while recursive.values.contains(name) {
            count += 1
            name = "\(plain)\(count)"
        }
        recursive[ObjectIdentifier(type)] = name
        return name
    }

    private static func reference(_ name: String) -> JSON { ["$ref": .string("#/$defs/\(name)")] }

    /// A type's name as the API takes names: letters, digits, `_` and `-`.
    static func name(of type: any Decodable.Type) -> String {
        if let told = type as? any StructuredOutput.Type { return told.outputName }
        return plainName(type)
    }

    static func plainName(_ type: any Any.Type) -> String {
        String(String(describing: type).map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }.prefix(64))
    }

    fileprivate static func unclear(_ type: any Decodable.Type, _ why: String) -> ThreadlineError {
        .of("usage", "the schema of \(type) cannot be made of the type: it \(why). Let it conform to `StructuredOutput` and give its `outputSchema`")
    }
}

/// A value of one form, whatever it holds.
private protocol PlainType {
    static var plainSchema: JSON { get }
    static var plainValue: any Decodable { get }
}

/// A type that holds others, which can be empty.
private protocol HolderType {
    static func holderSchema(_ maker: inout SchemaOfType) throws -> JSON
    static var emptyHolder: any Decodable { get }
}

extension Optional: HolderType where Wrapped: Decodable {
    fileprivate static func holderSchema(_ maker: inout SchemaOfType) throws -> JSON { ["anyOf": [try maker.held(Wrapped.self), ["type": "null"]]] }
    fileprivate static var emptyHolder: any Decodable { Self.none as Self }
}

extension Array: HolderType where Element: Decodable {
    fileprivate static func holderSchema(_ maker: inout SchemaOfType) throws -> JSON { ["type": "array", "items": try maker.held(Element.self)] }
    fileprivate static var emptyHolder: any Decodable { [Element]() }
}

extension Set: HolderType where Element: Decodable {
    fileprivate static func holderSchema(_ maker: inout SchemaOfType) throws -> JSON { ["type": "array", "items": try maker.held(Element.self)] }
    fileprivate static var emptyHolder: any Decodable { Set<Element>() }
}

extension Dictionary: HolderType where Key: Decodable, Value: Decodable {
    fileprivate static func holderSchema(_ maker: inout SchemaOfType) throws -> JSON {
        ["type": "object", "additionalProperties": try maker.held(Value.self)]
    }
    fileprivate static var emptyHolder: any Decodable { [Key: Value]() }
}

extension String: PlainType {
    fileprivate static var plainSchema: JSON { ["type": "string"] }
    fileprivate static var plainValue: any Decodable { "" }
}

extension Bool: PlainType {
    fileprivate static var plainSchema: JSON { ["type": "boolean"] }
    fileprivate static var plainValue: any Decodable { false }
}

extension FixedWidthInteger where Self: Decodable {
    fileprivate static var plainSchema: JSON { ["type": "integer"] }
    fileprivate static var plainValue: any Decodable { Self.zero }
}

extension BinaryFloatingPoint where Self: Decodable {
    fileprivate static var plainSchema: JSON { ["type": "number"] }
    fileprivate static var plainValue: any Decodable { Self.zero }
}

extension Int: PlainType {}
extension Int8: PlainType {}
extension Int16: PlainType {}
extension Int32: PlainType {}
extension Int64: PlainType {}
extension UInt: PlainType {}
extension UInt8: PlainType {}
extension UInt16: PlainType {}
extension UInt32: PlainType {}
extension UInt64: PlainType {}
extension Float: PlainType {}
extension Double: PlainType {}

extension Decimal: PlainType {
    fileprivate static var plainSchema: JSON { ["type": "number"] }
    fileprivate static var plainValue: any Decodable { Decimal.zero }
}

extension Date: PlainType {
    fileprivate static var plainSchema: JSON { ["type": "string", "format": "date-time"] }
    fileprivate static var plainValue: any Decodable { Date(timeIntervalSince1970: 0) }
}

extension UUID: PlainType {
    fileprivate static var plainSchema: JSON { ["type": "string", "format": "uuid"] }
    fileprivate static var plainValue: any Decodable { UUID() }
}

extension URL: PlainType {
    fileprivate static var plainSchema: JSON { ["type": "string"] }
    fileprivate static var plainValue: any Decodable { URL(fileURLWithPath: "/") }
}

extension Data: PlainType {
    fileprivate static var plainSchema: JSON { ["type": "string"] }
    fileprivate static var plainValue: any Decodable { Data() }
}

/// What one type asked its decoder for.
private final class Record {
    var maker: SchemaOfType
    let type: any Decodable.Type
    /// The members of an object.
    var members: Members?
    /// The schema of a value that is no object.
    var single: JSON?

    init(maker: SchemaOfType, type: any Decodable.Type) {
        self.maker = maker
        self.type = type
    }

    func unclear(_ why: String) -> ThreadlineError { SchemaOfType.unclear(type, why) }
}

/// Members of an object, in the order in which they were asked for.
private final class Members {
    private var properties = JSONObject()
    private var required: [JSON] = []
    private let descriptions: [String: String]

    init(_ type: any Decodable.Type) {
        descriptions = (type as? any StructuredOutput.Type)?.memberDescriptions ?? [:]
    }

    func add(_ name: String, _ schema: JSON) {
        var schema = schema
        if let text = descriptions[name], var object = schema.object {
            object["description"] = .string(text)
            schema = .object(object)
        }
        if properties[name] == nil { required.append(.string(name)) }
        properties[name] = schema
    }

    var schema: JSONObject {
        ["type": "object", "properties": .object(properties), "required": .array(required), "additionalProperties": false]
    }
}

/// A decoder that has no values, and says so to nobody.
private struct SchemaDecoder: Decoder {
    let record: Record
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        // A class and the class it derives from ask for a container each.
        let members = record.members ?? Members(record.type)
        record.members = members
        return KeyedDecodingContainer(KeyedSchema(record: record, members: members, codingPath: codingPath))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { throw record.unclear("reads a list item by item") }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { SingleSchema(record: record, codingPath: codingPath) }
}

private struct SingleSchema: SingleValueDecodingContainer {
    let record: Record
    let codingPath: [any CodingKey]

    func decodeNil() -> Bool { false }

    func decode<T: Decodable>(_ type: T.Type) throws -> T {
        let (schema, value) = try record.maker.reading(type)
        record.single = schema
        guard let value = value as? T else { throw record.unclear("reads a \(type)") }
        return value
    }
}

private struct KeyedSchema<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let record: Record
    let members: Members
    let codingPath: [any CodingKey]
    /// Whoever asks which members there are does not say which there could be.
    var allKeys: [Key] { [] }

    func contains(_ key: Key) -> Bool { true }
    func decodeNil(forKey key: Key) throws -> Bool { false }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        let (schema, value) = try record.maker.reading(type)
        members.add(key.stringValue, schema)
        guard let value = value as? T else { throw record.unclear("reads a \(type)") }
        return value
    }

    /// Strict outputs know no member that may be absent: it may be `null`.
    func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
        members.add(key.stringValue, try T?.holderSchema(&record.maker))
        return nil
    }

    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? { try absent(type, key) }
    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? { try absent(type, key) }
    func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? { try absent(type, key) }
    func decodeIfPresent(_ type: Float.Type, forKey key: Key) throws -> Float? { try absent(type, key) }
    func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? { try absent(type, key) }
    func decodeIfPresent(_ type: Int8.Type, forKey key: Key) throws -> Int8? { try absent(type, key) }
    func decodeIfPresent(_ type: Int16.Type, forKey key: Key) throws -> Int16? { try absent(type, key) }
    func decodeIfPresent(_ type: Int32.Type, forKey key: Key) throws -> Int32? { try absent(type, key) }
    func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? { try absent(type, key) }
    func decodeIfPresent(_ type: UInt.Type, forKey key: Key) throws -> UInt? { try absent(type, key) }
    func decodeIfPresent(_ type: UInt8.Type, forKey key: Key) throws -> UInt8? { try absent(type, key) }
    func decodeIfPresent(_ type: UInt16.Type, forKey key: Key) throws -> UInt16? { try absent(type, key) }
    func decodeIfPresent(_ type: UInt32.Type, forKey key: Key) throws -> UInt32? { try absent(type, key) }
    func decodeIfPresent(_ type: UInt64.Type, forKey key: Key) throws -> UInt64? { try absent(type, key) }

    private func absent<T: Decodable>(_ type: T.Type, _ key: Key) throws -> T? {
        members.add(key.stringValue, try T?.holderSchema(&record.maker))
        return nil
    }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) throws -> KeyedDecodingContainer<Nested> {
        throw record.unclear("reads members of members by itself")
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { throw record.unclear("reads a list item by item") }

    func superDecoder() throws -> any Decoder { throw record.unclear("hands a member to the class that it derives from") }
    func superDecoder(forKey key: Key) throws -> any Decoder { throw record.unclear("hands a member to the class that it derives from") }
}
