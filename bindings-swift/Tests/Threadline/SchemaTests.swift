import Foundation
import Threadline
import XCTest

private enum Size: String, Codable, CaseIterable { case small, large }

private struct Guest: Codable, Sendable, Equatable {
    let name: String
    let age: Int?
}

private struct Party: StructuredOutput, Equatable {
    enum CodingKeys: String, CodingKey {
        case title, guests, size, starts, cost = "cost_in_euros", notes, isOpen
    }

    let title: String
    let guests: [Guest]
    let size: Size
    let starts: Date
    let cost: Double
    let notes: [String: String]
    let isOpen: Bool
    static let outputDescription: String? = "A party."
    static let memberDescriptions = ["guests": "Whoever has said yes."]
}

private final class Node: Codable, Sendable {
    let value: Int
    let next: Node?
    let children: [Node]
}

/// Two types of one name that hold themselves, each in its own way.
private struct Forest: Codable, Sendable {
    struct Oak: Codable, Sendable {
        final class Branch: Codable, Sendable {
            let acorns: Int
            let branches: [Branch]
        }

        let branch: Branch
    }

    struct Fir: Codable, Sendable {
        final class Branch: Codable, Sendable {
            let cone: String
            let below: Branch?
        }

        let branch: Branch
    }

    let oak: Oak
    let fir: Fir
    let second: Oak.Branch
}

private enum Closed: String, Codable { case only }

/// A type that says its schema itself.
private struct ByHand: StructuredOutput {
    let closed: Closed
    static let outputName = "by_hand"
    static let outputSchema: JSON? = ["type": "object", "properties": ["closed": ["type": "string"]]]
}

/// Schemas that are made of types.
final class SchemaTests: XCTestCase {
    func testTheSchemaOfATypeSaysWhatItIsMadeOf() throws {
        let made = try OutputSchema(of: Party.self)
        XCTAssertEqual(made.name, "Party")
        XCTAssertEqual(made.description, "A party.")
        let guest: JSON = [
            "type": "object",
            "properties": ["name": ["type": "string"], "age": ["anyOf": [["type": "integer"], ["type": "null"]]]],
            "required": ["name", "age"], "additionalProperties": false,
        ]
        let expected: JSON = [
            "type": "object",
            "properties": [
                "title": ["type": "string"],
                "guests": ["type": "array", "items": guest, "description": "Whoever has said yes."],
                "size": ["type": "string", "enum": ["small", "large"]],
                "starts": ["type": "string", "format": "date-time"],
                "cost_in_euros": ["type": "number"],
                "notes": ["type": "object", "additionalProperties": ["type": "string"]],
                "isOpen": ["type": "boolean"],
            ],
            "required": ["title", "guests", "size", "starts", "cost_in_euros", "notes", "isOpen"], "additionalProperties": false,
        ]
        XCTAssertEqual(made.schema, expected, made.schema.text)
    }

    func testATypeThatHoldsItselfIsReferredTo() throws {
        let schema = try OutputSchema(of: Node.self).schema
        XCTAssertEqual(schema["properties"]?["next"]?["anyOf"]?[0]?["$ref"]?.string, "#/$defs/Node")
        XCTAssertEqual(schema["properties"]?["children"]?["items"]?["$ref"]?.string, "#/$defs/Node")
        XCTAssertEqual(schema["$defs"]?["Node"]?["properties"]?["value"]?["type"]?.string, "integer")
        XCTAssertNoThrow(try OutputSchema(of: Node.self).responseFormat())
    }

    func testTypesOfOneNameAreReferredToByNamesOfTheirOwn() throws {
        let schema = try OutputSchema(of: Forest.self).schema
        let shared = schema["$defs"]?.object
        XCTAssertEqual(shared?.names, ["Branch", "Branch2"])
        let (oak, fir) = (shared?["Branch"]?["properties"], shared?["Branch2"]?["properties"])
        XCTAssertEqual(oak?["acorns"]?["type"]?.string, "integer")
        XCTAssertEqual(oak?["branches"]?["items"]?["$ref"]?.string, "#/$defs/Branch")
        XCTAssertEqual(fir?["cone"]?["type"]?.string, "string")
        XCTAssertEqual(fir?["below"]?["anyOf"]?[0]?["$ref"]?.string, "#/$defs/Branch2")
        let members = schema["properties"]
        XCTAssertEqual(members?["oak"]?["properties"]?["branch"]?["$ref"]?.string, "#/$defs/Branch")
        XCTAssertEqual(members?["fir"]?["properties"]?["branch"]?["$ref"]?.string, "#/$defs/Branch2")
        XCTAssertNoThrow(try OutputSchema(of: Forest.self).responseFormat())
    }

    func testATypeThatDoesNotSayWhatItIsMadeOfIsRefused() throws {
        XCTAssertThrowsError(try OutputSchema(of: [Closed].self)) { error in
            XCTAssertTrue("\(error)".contains("CaseIterable"), "\(error)")
        }
        let made = try OutputSchema(of: ByHand.self)
        XCTAssertEqual(made.name, "by_hand")
        XCTAssertEqual(made.schema["properties"]?["closed"]?["type"]?.string, "string")
    }

    func testAnAnswerIsAskedForAndReadByItsType() async throws {
        let answer = #"{"title":"t","guests":[{"name":"a","age":null}],"size":"large","starts":"2026-01-02T03:04:05Z"}"#
        let message = #"{"role":"assistant","refusal":null,"content":\#(JSON.string(answer).text)}"#
        let server = Server(
            Server.json(#"{"id":"c","object":"chat.completion","choices":[{"index":0,"finish_reason":"stop","logprobs":null,"message":\#(message)}]}"#))
        defer { server.stop() }
        // A schema with open members has no strict form.
        struct Small: Decodable, Sendable { let title: String; let guests: [Guest]; let size: Size; let starts: Date }
        let parsed = try await client(server).chat.completions.parse(params, as: Small.self)
        XCTAssertEqual(parsed.parsed?.guests, [Guest(name: "a", age: nil)])
        XCTAssertEqual(parsed.parsed?.starts, Date(timeIntervalSince1970: 1_767_323_045))
        XCTAssertEqual(parsed.reply.json["choices"]?[0]?["message"]?["parsed"]?["title"]?.string, "t")
    }
}

/// Times in answers, as RFC 3339 writes them.
final class TimeTests: XCTestCase {
    private struct Meeting: Decodable, Sendable { let at: Date }

    private func read(_ time: String) async throws -> Date? {
        let message = #"{"role":"assistant","refusal":null,"content":\#(JSON.string(#"{"at":"\#(time)"}"#).text)}"#
        let server = Server(
            Server.json(#"{"id":"c","object":"chat.completion","choices":[{"index":0,"finish_reason":"stop","logprobs":null,"message":\#(message)}]}"#))
        defer { server.stop() }
        return try await client(server).chat.completions.parse(params, as: Meeting.self).parsed?.at
    }

    func testTimesAreReadWithAndWithoutFractions() async throws {
        let times: [(String, TimeInterval)] = [
            ("2026-01-02T03:04:05Z", 1_767_323_045), ("2026-01-02T03:04:05.123Z", 1_767_323_045.123), ("2026-01-02T05:04:05.5+02:00", 1_767_323_045.5),
            ("2026-01-01T21:34:05-05:30", 1_767_323_045), ("2024-02-29T00:00:00.000Z", 1_709_164_800), ("1969-12-31T23:59:59Z", -1),
            ("2026-01-02T03:04:05.123456Z", 1_767_323_045.123456), ("2026-01-02T03:04:05.12345678901234567890Z", 1_767_323_045.123457),
            ("2026-01-02t03:04:05.1z", 1_767_323_045.1), ("2000-03-01T00:00:00Z", 951_868_800), ("2016-12-31T23:59:60Z", 1_483_228_800),
            ("0001-01-01T00:00:00Z", -62_135_596_800), ("9999-12-31T23:59:59Z", 253_402_300_799),
        ]
        for (text, seconds) in times {
            let date = try await read(text)
            XCTAssertEqual(try XCTUnwrap(date, text).timeIntervalSince1970, seconds, accuracy: 1e-4, text)
        }
        let none = ["", "soon", "2026-01-02", "2026-01-02T03:04:05", "2026-13-02T03:04:05Z", "2026-02-29T00:00:00Z", "2026-01-02T03:04:05.Z", "2026-01-02T24:00:00Z", "2026-01-02T03:04:05Z "]
        for text in none {
            do {
                let date = try await read(text)
                XCTFail("\(text) is \(String(describing: date))")
            } catch ThreadlineError.decode {}
        }
    }
}

private struct Arguments: Codable, Sendable {
    let city: String
}

/// Functions of the host's.
final class ToolTests: XCTestCase {
    func testAFunctionSaysItsNameAndTheSchemaOfItsArguments() throws {
        let tool = try ToolFunction("weather", description: "The weather.") { (asked: Arguments) in ["city": asked.city] }
        XCTAssertEqual(tool.name, "weather")
        XCTAssertThrowsError(try ToolFunction("closed") { (_: Closed) in true })
    }

    func testARunThatIsAbortedSaysWhatWasDone() async throws {
        let call = #"{"id":"call_1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Oslo\"}"}}"#
        let message = #"{"role":"assistant","content":null,"refusal":null,"tool_calls":[\#(call)]}"#
        let server = Server(
            Server.json(#"{"id":"c","object":"chat.completion","choices":[{"index":0,"finish_reason":"tool_calls","logprobs":null,"message":\#(message)}]}"#))
        defer { server.stop() }
        let tool = try ToolFunction("weather") { (asked: Arguments) in asked.city }
        let how = ToolRunOptions(beforeCall: { call in
            XCTAssertEqual(call.arguments, #"{"city":"Oslo"}"#)
            return .abort("not today")
        })
        do {
            _ = try await client(server).chat.completions.runTools(params, functions: [tool], how: how)
            XCTFail("no error")
        } catch ThreadlineError.tool(let failure) {
            XCTAssertTrue(failure.message.contains("not today"), failure.message)
            XCTAssertNotNil(failure.transcript)
        }
    }
}
