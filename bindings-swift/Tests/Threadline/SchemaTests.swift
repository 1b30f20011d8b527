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

    func testATypeThatDoesNotSayWhatItIsMadeOfIsRefused() throws {
        XCTAssertThrowsError(try OutputSchema(of: [Closed].self)) { error in
            XCTAssertTrue("\(error)".contains("CaseIterable"), "\(error)")
        }
        let made = try OutputSchema(of: ByHand.self)
        XCTAssertEqual(made.name, "by_hand")
        XCTAssertEqual(made.schema["properties"]?["closed"]?["type"]?.string, "string")
    }

    func testAnAnswerIsAskedForAndReadByItsType() async throws {
        let answer = #"{"title":"t","guests":[{"name":"a","age":null}],"size":"large","starts":"2026-01-02T03:04:05.250Z"}"#
        let message = #"{"role":"assistant","refusal":null,"content":\#(JSON.string(answer).text)}"#
        let server = Server(
            Server.json(#"{"id":"c","object":"chat.completion","choices":[{"index":0,"finish_reason":"stop","logprobs":null,"message":\#(message)}]}"#))
        defer { server.stop() }
        // A schema with open members has no strict form.
        struct Small: Decodable, Sendable { let title: String; let guests: [Guest]; let size: Size; let starts: Date }
        let parsed = try await client(server).chat.completions.parse(params, as: Small.self)
        XCTAssertEqual(parsed.parsed?.guests, [Guest(name: "a", age: nil)])
        XCTAssertEqual(parsed.parsed?.starts, Date(timeIntervalSince1970: 1_767_323_045.25))
        XCTAssertEqual(parsed.reply.json["choices"]?[0]?["message"]?["parsed"]?["title"]?.string, "t")
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
