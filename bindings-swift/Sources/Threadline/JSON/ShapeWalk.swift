extension Kind {
    /// The first place where a value is not what the type says. A required member that is absent is none: the server judges.
    func misfit(_ value: JSON) -> String? {
        switch self {
        case .named(let shape): return shape.misfit(value)
        case .list(let item):
            guard case .array(let items) = value else { return "a value is no list" }
            for one in items {
                if item.isOther(one) { return "an item is no \(item.name)" }
                if let problem = item.misfit(one) { return problem }
            }
            return nil
        case .map(let item):
            guard case .object(let object) = value else { return "a value is no map" }
            for member in object.members {
                if item.isOther(member.value) { return "`\(member.name)` is no \(item.name)" }
                if let problem = item.misfit(member.value) { return problem }
            }
            return nil
        default: return isOther(value) ? "a value is no \(name)" : nil
        }
    }

    /// Whether a value reads as none of this type at all.
    func isOther(_ value: JSON) -> Bool {
        switch self {
        case .integer: return value.int == nil
        case .number: return value.double == nil
        case .vector: return Vector._read(value) == nil
        case .file: return FileUpload._read(value) == nil
        case .named(let shape):
            if case .union = shape.content { return false }
            return !shape.kinds.contains(Kinds(of: value))
        default: return !kinds.contains(Kinds(of: value))
        }
    }

    /// A value read as its type and written again; as it came, where the type cannot say it.
    func again(_ value: JSON) -> JSON {
        switch self {
        case .json: return value
        case .string: return written(String._read(value), value)
        case .secret: return written(Secret._read(value), value)
        case .boolean: return written(Bool._read(value), value)
        case .integer: return written(Int._read(value), value)
        case .vector: return written(Vector._read(value), value)
        case .null: return written(JSONNull._read(value), value)
        case .file: return written(FileUpload._read(value), value)
        case .number:
            guard let number = value.double, case .number(let digits) = value else { return value }
            let written = JSONNumber(number)
            guard let one = scientific(digits.text), let other = scientific(written.text), one == other else { return value }
            return .number(written)
        case .list(let item):
            guard case .array(let items) = value else { return value }
            return .array(items.map { item.again($0) })
        case .map(let item):
            guard case .object(let object) = value else { return value }
            return .object(JSONObject(members: object.members.map { JSONObject.Member(name: $0.name, value: item.again($0.value)) }))
        case .named(let shape): return shape.again(value)
        }
    }

    private func written<T: _Value>(_ read: T?, _ value: JSON) -> JSON {
        if case .other(let other) = value, case .escaped = other.value { return value }
        return read?._json() ?? value
    }

    /// A value with its embeddings read from base64, which is written as numbers then unless the caller asked for it.
    func unpacked(_ value: JSON, keep: Bool) -> JSON {
        switch self {
        case .vector:
            guard case .string(let text) = value, let vector = Vector(base64: text, keep: keep) else { return value }
            return vector._json()
        case .list(let item):
            guard case .array(let items) = value else { return value }
            return .array(items.map { item.unpacked($0, keep: keep) })
        case .named(let shape):
            guard case .object(let fields, _) = shape.content, case .object(var object) = value else { return value }
            for field in fields where field.constant == nil {
                switch field.type {
                case .vector, .list, .named:
                    if let raw = object[field.name] { object[field.name] = field.type.unpacked(raw, keep: keep) }
                default: break
                }
            }
            return .object(object)
        default: return value
        }
    }

    /// A value without its secrets.
    func redacted(_ value: JSON) -> JSON {
        switch (self, value) {
        case (.secret, _): return .string("***")
        case (.list(let item), .array(let items)): return .array(items.map { item.redacted($0) })
        case (.map(let item), .object(let object)):
            return .object(JSONObject(members: object.members.map { JSONObject.Member(name: $0.name, value: item.redacted($0.value)) }))
        case (.named(let shape), _): return shape.redacted(value)
        default: return value
        }
    }
}

extension Shape {
    /// The first place where a value is not what the type says.
    package func misfit(_ value: JSON) -> String? {
        switch content {
        case .texts: return value.string == nil ? "a value is no \(name)" : nil
        case .union(_, let arms):
            guard let chosen = pick(value), !arms[chosen].type.isOther(value) else {
                return kinds.contains(Kinds(of: value)) ? nil : "a value is no \(name)"
            }
            return arms[chosen].type.misfit(value)
        case .object(let fields, _):
            guard case .object(let object) = value else { return "a value is no \(name)" }
            for field in fields {
                guard let raw = object[field.name] else { continue }
                if let constant = field.constant {
                    if !same(raw, constant) { return "`\(field.name)` is no \(constant.text)" }
                } else if !raw.isNull || field.required {
                    if field.type.isOther(raw) { return "`\(field.name)` is no \(field.type.name)" }
                    if let problem = field.type.misfit(raw) { return problem }
                }
            }
            return nil
        }
    }

    /// A value read as this type, member by member, and written again.
    package func again(_ value: JSON) -> JSON {
        switch content {
        case .texts: return Kind.string.again(value)
        case .union(_, let arms): return pick(value).map { arms[$0].type.again(value) } ?? value
        case .object(let fields, let index):
            guard case .object(let object) = value else { return value }
            var out: [JSONObject.Member] = []
            out.reserveCapacity(object.members.count)
            for member in object.members {
                let known = index[member.name].map { fields[$0] }
                let again = member.value.isNull ? nil : known.map { $0.constant == nil ? $0.type.again(member.value) : member.value }
                out.append(JSONObject.Member(name: member.name, value: again ?? member.value))
            }
            return .object(JSONObject(members: out))
        }
    }

    func redacted(_ value: JSON) -> JSON {
        switch content {
        case .texts: return value
        case .union(_, let arms): return pick(value).map { arms[$0].type.redacted(value) } ?? value
        case .object(let fields, let index):
            guard case .object(var object) = value else { return value }
            for member in object.members {
                if let place = index[member.name] { object[member.name] = fields[place].type.redacted(member.value) }
            }
            return .object(object)
        }
    }

    /// A value for people, without its secrets.
    func shown(_ value: JSON) -> String { "\(name)(\(redacted(value).text))" }
}
