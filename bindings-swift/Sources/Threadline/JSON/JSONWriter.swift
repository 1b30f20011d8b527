import Foundation

/// Writes JSON text. Uploads are put aside; in the text stands `{"$file": N}`.
struct JSONWriter {
    private(set) var bytes: [UInt8] = []
    private(set) var files: [FileUpload] = []

    static func text(_ value: JSON) -> String {
        var out = JSONWriter()
        out.value(value)
        return String(decoding: out.bytes, as: UTF8.self)
    }

    mutating func raw(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    mutating func value(_ value: JSON) {
        switch value {
        case .null: raw("null")
        case .bool(let flag): raw(flag ? "true" : "false")
        case .number(let number): raw(number.text)
        case .string(let text): string(text)
        case .array(let items):
            bytes.append(0x5B)
            var first = true
            for item in items {
                if first { first = false } else { bytes.append(0x2C) }
                self.value(item)
            }
            bytes.append(0x5D)
        case .object(let object): self.object(object)
        case .other(let other): self.other(other)
        }
    }

    mutating func object(_ object: JSONObject) {
        bytes.append(0x7B)
        var first = true
        for member in object.members {
            if first { first = false } else { bytes.append(0x2C) }
            string(member.name)
            bytes.append(0x3A)
            value(member.value)
        }
        bytes.append(0x7D)
    }

    private mutating func other(_ other: JSONOther) {
        switch other.value {
        case .upload(let file):
            raw("{\"$file\":\(files.count)}")
            files.append(file)
        case .vector(let vector): vector.write(to: &self)
        case .escaped(let text):
            bytes.append(0x22)
            raw(text)
            bytes.append(0x22)
        }
    }

    mutating func string(_ text: String) {
        bytes.append(0x22)
        var text = text
        text.withUTF8 { utf8 in
            var from = 0
            for index in 0..<utf8.count {
                let byte = utf8[index]
                if byte >= 0x20 && byte != 0x22 && byte != 0x5C { continue }
                bytes.append(contentsOf: utf8[from..<index])
                from = index + 1
                escape(byte)
            }
            bytes.append(contentsOf: utf8[from..<utf8.count])
        }
        bytes.append(0x22)
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case 0x22: raw("\\\"")
        case 0x5C: raw("\\\\")
        case 0x0A: raw("\\n")
        case 0x0D: raw("\\r")
        case 0x09: raw("\\t")
        default:
            let hex = String(byte, radix: 16)
            raw("\\u00" + (hex.utf8.count < 2 ? "0" : "") + hex)
        }
    }
}

extension JSON {
    /// The value of a JSON text.
    ///
    /// - Throws: ``JSONError`` if it is none, or nested deeper than 128 levels.
    public init(parsing text: String) throws {
        self = try JSONParser.parse(text)
    }

    /// The value of a JSON text in UTF-8.
    ///
    /// - Throws: ``JSONError`` if it is none, or nested deeper than 128 levels.
    public init(parsing data: Data) throws {
        self = try data.withUnsafeBytes { try JSONParser.parse($0.bindMemory(to: UInt8.self)) }
    }

    /// The value as JSON text.
    public var text: String { JSONWriter.text(self) }
}

extension JSON: CustomStringConvertible {
    public var description: String { text }
}

extension JSON: Codable {
    public init(from decoder: any Decoder) throws {
        if let members = try? decoder.container(keyedBy: AnyKey.self) {
            var object = JSONObject()
            for key in members.allKeys { object[key.stringValue] = try members.decode(JSON.self, forKey: key) }
            self = .object(object)
        } else if var items = try? decoder.unkeyedContainer() {
            var list: [JSON] = []
            while !items.isAtEnd { list.append(try items.decode(JSON.self)) }
            self = .array(list)
        } else {
            self = try JSON.scalar(decoder.singleValueContainer())
        }
    }

    private static func scalar(_ value: any SingleValueDecodingContainer) throws -> JSON {
        if value.decodeNil() { return .null }
        if let flag = try? value.decode(Bool.self) { return .bool(flag) }
        if let text = try? value.decode(String.self) { return .string(text) }
        if let number = try? value.decode(Int.self) { return .number(JSONNumber(number)) }
        let number = try value.decode(Double.self)
        guard number.isFinite else { throw DecodingError.dataCorruptedError(in: value, debugDescription: "JSON has no number \(number)") }
        return .number(JSONNumber(number))
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .object(let object):
            var members = encoder.container(keyedBy: AnyKey.self)
            for member in object.members { try members.encode(member.value, forKey: AnyKey(stringValue: member.name)) }
        case .array(let items):
            var list = encoder.unkeyedContainer()
            for item in items { try list.encode(item) }
        case .null:
            var value = encoder.singleValueContainer()
            try value.encodeNil()
        case .bool(let flag):
            var value = encoder.singleValueContainer()
            try value.encode(flag)
        case .number(let number):
            var value = encoder.singleValueContainer()
            if let whole = number.int { try value.encode(whole) } else { try value.encode(number.double) }
        case .string(let text):
            var value = encoder.singleValueContainer()
            try value.encode(text)
        case .other(let other): try JSON.encode(other, to: encoder)
        }
    }

    private static func encode(_ other: JSONOther, to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        switch other.value {
        case .vector(let vector): try value.encode(vector.numbers)
        case .escaped(let raw): try value.encode(JSONParser.unescaped(raw))
        case .upload:
            let context = EncodingError.Context(codingPath: encoder.codingPath, debugDescription: "an upload cannot be written as JSON")
            throw EncodingError.invalidValue(other, context)
        }
    }
}

/// A member's name, whatever it is.
struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) {
        self.stringValue = stringValue
    }

    init?(intValue: Int) {
        stringValue = String(intValue)
    }
}
