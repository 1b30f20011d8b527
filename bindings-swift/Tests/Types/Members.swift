import Foundation
import XCTest

@testable import Threadline

/// Checks the members of a type against its table: an object that has all of them, made of the table alone, is read and written member by
/// member, and made anew by the type's initializer.
final class Members<T: APIObject> {
    private let sample: T
    private var named: Set<String> = []

    init() {
        sample = T(json: Sample.object(T._shape, depth: 0, whole: true))
    }

    private func check<V: _Value>(_ name: String, _ value: V, _ copy: T) {
        let given = sample.json[name]
        XCTAssertEqual(value._json(), given, "\(T.self).\(name) reads another member, or another type")
        XCTAssertEqual(copy.json[name], given, "\(T.self).\(name) writes another member")
        XCTAssertEqual(copy.json.members.count, 1, "\(T.self).\(name) writes \(copy.json.names)")
        XCTAssertTrue(named.insert(name).inserted, "\(T.self).\(name) stands twice")
    }

    /// A required member.
    func req<V: _Value>(_ name: String, _ path: WritableKeyPath<T, V>) {
        var copy = T(json: JSONObject())
        copy[keyPath: path] = sample[keyPath: path]
        check(name, sample[keyPath: path], copy)
    }

    /// An optional member.
    func opt<V: _Value>(_ name: String, _ path: WritableKeyPath<T, V?>) {
        var copy = T(json: JSONObject())
        XCTAssertNil(copy[keyPath: path], "\(T.self).\(name) is there where it is not")
        copy[keyPath: path] = sample[keyPath: path]
        guard let value = sample[keyPath: path] else { return XCTFail("\(T.self).\(name) is not read") }
        check(name, value, copy)
        copy[keyPath: path] = nil
        XCTAssertTrue(copy.json.isEmpty, "\(T.self).\(name) is not taken away")
    }

    /// The initializer.
    func made(_ make: (T) -> T) {
        XCTAssertEqual(make(sample).json, sample.json, "the initializer of \(T.self)")
    }

    /// Whether each member of the table was looked at.
    func done() {
        guard case .object(let fields, _) = T._shape.content else { return XCTFail("\(T.self) is no object") }
        XCTAssertEqual(named, Set(fields.filter { $0.constant == nil }.map { $0.name }), "members of \(T.self)")
    }
}

/// Looks at the members of one type.
func members<T: APIObject>(of type: T.Type, _ look: (Members<T>) -> Void) {
    let members = Members<T>()
    look(members)
    members.done()
}

/// Values made of the tables.
enum Sample {
    /// An object; with `whole` all of its members but constants that need not be there, else the required ones.
    static func object(_ shape: Shape, depth: Int, whole: Bool) -> JSONObject {
        guard case .object(let fields, _) = shape.content else { return JSONObject() }
        var object = JSONObject()
        for field in fields {
            if let constant = field.constant {
                if field.required { object[field.name] = constant }
            } else if field.required || whole {
                object[field.name] = value(field.type, depth: depth + 1)
            }
        }
        return object
    }

    static func value(_ kind: Kind, depth: Int) -> JSON {
        switch kind {
        case .json: return ["any": [1, "two"]]
        case .string, .secret: return "text"
        case .boolean: return true
        case .integer: return 7
        case .number: return 1.5
        case .vector: return Vector._read([0.5, 0.25])?._json() ?? .null
        case .null: return .null
        case .file: return FileUpload(Data("file".utf8))._json()
        case .list(let item): return depth > 6 ? [] : [value(item, depth: depth + 1)]
        case .map(let item): return depth > 6 ? [:] : ["key": value(item, depth: depth + 1)]
        case .named(let shape): return named(shape, depth: depth)
        }
    }

    private static func named(_ shape: Shape, depth: Int) -> JSON {
        switch shape.content {
        case .texts(let texts): return .string(texts.sorted().first ?? "text")
        case .object: return .object(object(shape, depth: depth, whole: false))
        case .union(_, let arms):
            // A union may hold itself: deep down, an arm that holds nothing, where there is one.
            let simple = arms.first { arm in
                if case .named = arm.type { return false }
                return true
            }
            guard let arm = depth > 6 ? simple ?? arms.first : arms.first else { return .null }
            return value(arm.type, depth: depth + 1)
        }
    }
}

/// All generated types, one test for each file of them.
final class GeneratedTests: XCTestCase {
    func testMembersAndInitializersOfAllTypesFitTheirTables() {
        for look in allMembers() { look() }
    }

    func testUnionsReadWhatTheyWrite() {
        for shape in allShapes() {
            guard case .union(_, let arms) = shape.content else { continue }
            for (place, arm) in arms.enumerated() {
                let value = Sample.value(arm.type, depth: 0)
                XCTAssertEqual(shape.again(value), value, "\(shape.name), arm \(place)")
                XCTAssertNil(shape.misfit(value), "\(shape.name), arm \(place)")
            }
        }
    }
}
