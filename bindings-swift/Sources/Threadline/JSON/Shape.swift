import Foundation

/// What a generated type is made of, as a table in text that is read when it is first needed. Unions pick their arms by it.
///
/// What generated types stand on; nothing to be called from outside.
public final class Shape: @unchecked Sendable {
    /// A struct's member.
    struct Field {
        let name: String
        let required: Bool
        /// The one value that the member can have.
        let constant: JSON?
        let type: Kind
    }

    /// An alternative of a union.
    struct Arm {
        let tags: [String]
        let type: Kind
    }

    enum Content {
        case object([Field], index: [String: Int])
        case texts(Set<String>)
        case union(tag: String?, [Arm])
    }

    private enum Text {
        case object(String)
        case texts(String)
        case union(tag: String, String)
    }

    let name: String
    private let text: Text
    private let lock = NSLock()
    private var made: Content?
    private var madeKinds: Kinds?

    /// A struct of the members in `fields`: `!name:type` is required, `?name:type` is not, `=name:json` and `~name:json` have one value.
    init(_ name: String, _ fields: String) {
        self.name = name
        text = .object(fields)
    }

    /// An enum of these texts.
    init(_ name: String, texts: String) {
        self.name = name
        text = .texts(texts)
    }

    /// A union of these arms: `tag,tag=type`.
    init(_ name: String, tag: String, arms: String) {
        self.name = name
        text = .union(tag: tag, arms)
    }

    var content: Content {
        lock.lock()
        defer { lock.unlock() }
        if let made { return made }
        let content = read()
        made = content
        return content
    }

    private func read() -> Content {
        switch text {
        case .texts(let list): return .texts(Set(list.split(separator: "\n").map(String.init)))
        case .object(let list):
            var fields: [Field] = []
            var index: [String: Int] = [:]
            for line in list.split(separator: "\n") {
                let parts = line.dropFirst().split(separator: ":", maxSplits: 1)
                let name = String(parts[0])
                index[name] = fields.count
                switch line.first {
                case "=", "~":
                    let constant = try? JSON(parsing: String(parts[1]))
                    fields.append(Field(name: name, required: line.first == "=", constant: constant ?? .null, type: .json))
                default: fields.append(Field(name: name, required: line.first == "!", constant: nil, type: Kind.read(parts[1])))
                }
            }
            return .object(fields, index: index)
        case .union(let tag, let list):
            var arms: [Arm] = []
            for line in list.split(separator: "\n") {
                let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                arms.append(Arm(tags: parts[0].split(separator: ",").map(String.init), type: Kind.read(parts[1])))
            }
            return .union(tag: tag.isEmpty ? nil : tag, arms)
        }
    }

    /// Kinds of JSON values that the type can be.
    var kinds: Kinds {
        guard case .union(_, let arms) = content else {
            if case .texts = text { return .string }
            return .object
        }
        if let found = lock.withLock({ madeKinds }) { return found }
        let all = arms.reduce(into: Kinds()) { $0.formUnion($1.type.kinds) }
        lock.withLock { madeKinds = all }
        return all
    }

    /// Whether the type has this member, or value.
    func knows(_ name: String) -> Bool {
        switch content {
        case .object(_, let index): return index[name] != nil
        case .texts(let texts): return texts.contains(name)
        case .union: return false
        }
    }

    /// A member's facts.
    func field(_ name: String) -> Field? {
        guard case .object(let fields, let index) = content, let place = index[name] else { return nil }
        return fields[place]
    }
}

/// Kinds of JSON values.
struct Kinds: OptionSet, Sendable {
    let rawValue: Int
    static let object = Kinds(rawValue: 1)
    static let list = Kinds(rawValue: 2)
    static let string = Kinds(rawValue: 4)
    static let number = Kinds(rawValue: 8)
    static let boolean = Kinds(rawValue: 16)
    static let null = Kinds(rawValue: 32)
    static let any = Kinds(rawValue: 63)

    init(rawValue: Int) {
        self.rawValue = rawValue
    }

    /// The kind of a value.
    init(of json: JSON) {
        switch json {
        case .object: self = .object
        case .array: self = .list
        case .string: self = .string
        case .number: self = .number
        case .bool: self = .boolean
        case .null: self = .null
        case .other(let other):
            switch other.value {
            case .upload: self = .object
            case .vector: self = .list
            case .escaped: self = .string
            }
        }
    }
}

/// The type of a member.
indirect enum Kind: Sendable {
    case string, integer, number, boolean, json, file, vector, secret, null
    case list(Kind)
    case map(Kind)
    case named(Shape)

    /// The type of a table's text: `s`, `[T]`, `{T}`, a name.
    static func read(_ text: Substring) -> Kind {
        switch text.first {
        case "[": return .list(read(text.dropFirst().dropLast()))
        case "{": return .map(read(text.dropFirst().dropLast()))
        default: break
        }
        switch text {
        case "s": return .string
        case "i": return .integer
        case "n": return .number
        case "b": return .boolean
        case "j": return .json
        case "f": return .file
        case "v": return .vector
        case "x": return .secret
        case "0": return .null
        default: return Shapes.all[String(text)].map(Kind.named) ?? .json
        }
    }

    var kinds: Kinds {
        switch self {
        case .string, .secret: return .string
        case .integer, .number: return .number
        case .boolean: return .boolean
        case .json: return .any
        case .file, .map: return .object
        case .vector: return [.list, .string]
        case .null: return .null
        case .list: return .list
        case .named(let shape): return shape.kinds
        }
    }

    /// For messages.
    var name: String {
        switch self {
        case .string, .secret: return "text"
        case .integer: return "whole number"
        case .number: return "number"
        case .boolean: return "boolean"
        case .json: return "JSON"
        case .file: return "file"
        case .vector: return "vector"
        case .null: return "null"
        case .list: return "list"
        case .map: return "map"
        case .named(let shape): return shape.name
        }
    }
}

/// All shapes by the names of their types.
enum Shapes {
    static let all: [String: Shape] = {
        var all: [String: Shape] = [:]
        for shape in allShapes() { all[shape.name] = shape }
        return all
    }()
}
