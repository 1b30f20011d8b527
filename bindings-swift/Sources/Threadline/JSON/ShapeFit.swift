/// How well a value fits a type, for a union's choice among arms: more is better.
enum Fit {
    /// Another kind of value, or a constant with another value.
    static let no = 0
    /// All that is required is there, but for a constant.
    static let shape = Int.max - 1
    static let full = Int.max

    /// So many of the required members and constants are there.
    static func partial(_ present: Int) -> Int { 1 + present }
}

extension Kind {
    func fit(_ value: JSON) -> Int {
        switch self {
        case .named(let shape): return shape.fit(value)
        case .list(let item):
            guard case .array(let items) = value else { return Fit.no }
            var least = Fit.full
            for one in items { least = min(least, item.fit(one)) }
            return least
        case .map(let item):
            guard case .object(let object) = value else { return Fit.no }
            var least = Fit.full
            for member in object.members { least = min(least, item.fit(member.value)) }
            return least
        case .integer: return value.int == nil ? Fit.no : Fit.full
        case .vector: return Vector._read(value) == nil ? Fit.no : Fit.full
        default: return kinds.contains(Kinds(of: value)) ? Fit.full : Fit.no
        }
    }
}

/// Whether a value is the constant.
func same(_ value: JSON, _ constant: JSON) -> Bool {
    if case .number(let one) = value, case .number(let other) = constant { return one.double == other.double && one.double != nil }
    return value == constant
}

extension Shape {
    func fit(_ value: JSON) -> Int {
        switch content {
        case .texts(let texts):
            guard let text = value.string else { return Fit.no }
            return texts.contains(text) ? Fit.full : Fit.shape
        case .object(let fields, _):
            guard case .object(let object) = value else { return Fit.no }
            return Shape.fit(object, fields)
        case .union(_, let arms):
            guard let chosen = pick(value) else { return Fit.no }
            return arms[chosen].type.fit(value)
        }
    }

    private static func fit(_ object: JSONObject, _ fields: [Field]) -> Int {
        var present = 0
        var missing = false
        var absent = false
        for field in fields {
            if let constant = field.constant {
                if let found = object[field.name] {
                    if !same(found, constant) { return Fit.no }
                    present += 1
                } else if field.required {
                    absent = true
                }
            } else if field.required {
                if object[field.name] != nil { present += 1 } else { missing = true }
            }
        }
        if missing { return Fit.partial(present) }
        return absent ? Fit.shape : Fit.full
    }

    /// The arm of a value, by the tag, else by the kind of the value and the members that are there.
    func pick(_ value: JSON) -> Int? {
        guard case .union(let tag, let arms) = content else { return nil }
        let kind = Kinds(of: value)
        var tagValue: String?
        if let tag, case .object(let object) = value { tagValue = object[tag]?.string }
        if let tagValue {
            let tagged = arms.indices.filter { arms[$0].tags.contains(tagValue) && arms[$0].type.kinds.contains(kind) }
            if let first = tagged.first {
                if tagged.count == 1 || arms[first].type.fit(value) == Fit.full { return first }
                return tagged.first { arms[$0].type.fit(value) == Fit.full } ?? first
            }
        }
        let candidates = arms.indices.filter { arms[$0].type.kinds.contains(kind) && (tagValue == nil || arms[$0].tags.isEmpty) }
        guard var best = candidates.first else { return nil }
        var fit = arms[best].type.fit(value)
        if tagValue == nil && candidates.count == 1 && (kind != .object || fit != Fit.no) { return best }
        for candidate in candidates.dropFirst() {
            let other = arms[candidate].type.fit(value)
            if other > fit {
                best = candidate
                fit = other
            }
        }
        let enough: Bool
        if tag != nil && tagValue != nil {
            enough = fit == Fit.full
        } else if tag != nil && kind == .object {
            enough = fit >= Fit.shape
        } else {
            enough = fit > Fit.partial(0)
        }
        return enough ? best : nil
    }
}
