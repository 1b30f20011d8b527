import Foundation
import ThreadlineFFI

/// What a type that answers are read into may say about itself; none of it must be. Any `Decodable` type will do without: its schema is made
/// of the type itself, of its members, enums that are `CaseIterable`, lists, dictionaries, and types inside of it.
///
/// ```swift
/// struct Event: StructuredOutput {
///     let name: String
///     let guests: [String]
///     static let memberDescriptions = ["guests": "Whoever has said yes."]
/// }
///
/// let event = try await client.chat.completions.parse(params, as: Event.self).parsed
/// ```
public protocol StructuredOutput: Decodable, Sendable {
    /// The name that the model sees. Default: the type's.
    static var outputName: String { get }
    /// What it is, in words for the model.
    static var outputDescription: String? { get }
    /// What members are, by their names in JSON, in words for the model.
    static var memberDescriptions: [String: String] { get }
    /// The JSON schema, where it is not made of the type.
    static var outputSchema: JSON? { get }
}

extension StructuredOutput {
    public static var outputName: String { SchemaOfType.plainName(Self.self) }
    public static var outputDescription: String? { nil }
    public static var memberDescriptions: [String: String] { [:] }
    public static var outputSchema: JSON? { nil }
}

/// A name and a JSON schema. The schema is brought into its strict form: every member required, none beside them.
public struct OutputSchema: Sendable {
    /// Name that the model sees.
    public let name: String
    /// What it is, in words for the model.
    public let description: String?
    /// The JSON schema.
    public let schema: JSON

    /// A schema.
    public init(name: String, description: String? = nil, schema: JSON) {
        self.name = name
        self.description = description
        self.schema = schema
    }

    /// The schema of a type.
    ///
    /// - Throws: ``ThreadlineError/usage(_:)`` if the type does not say what it is made of.
    public init<T: Decodable>(of type: T.Type, name: String? = nil, description: String? = nil) throws {
        let told = type as? any StructuredOutput.Type
        let schema = try told?.outputSchema ?? SchemaOfType.of(type)
        self.init(name: name ?? SchemaOfType.name(of: type), description: description ?? told?.outputDescription, schema: schema)
    }

    /// As `response_format` of a chat completion.
    ///
    /// - Throws: ``ThreadlineError/usage(_:)`` if the schema has no strict form; so do the others.
    public func responseFormat() throws -> JSON { try told("chat.response_format") }

    /// As `text.format` of a response.
    public func textFormat() throws -> JSON { try told("responses.text_format") }

    /// As a function among the `tools` of a chat completion.
    public func chatTool() throws -> JSON { try told("chat.tool") }

    /// As a function among the `tools` of a response.
    public func responsesTool() throws -> JSON { try told("responses.tool") }

    /// As a function among the `tools` of an assistant.
    public func assistantsTool() throws -> JSON { try told("assistants.tool") }

    private func told(_ place: String) throws -> JSON {
        let text = try Calls.now { try outputFormat(place: place, name: name, description: description, schema: schema.text) }
        return try JSON(parsing: text)
    }
}

/// A reply, and the answer in it.
public struct Parsed<Reply: APIObject, Answer: Sendable>: Sendable {
    /// The reply, with `parsed` and `parsed_arguments` in the places of the official packages.
    public let reply: Reply
    /// The first answer; `nil` where the model refused or called tools.
    public let parsed: Answer?
}

extension Calls {
    fileprivate func parse<T: APIObject>(
        _ api: String, _ operation: String, _ params: JSONObject, _ options: RequestOptions?
    ) async throws -> T {
        let reply = try await execute(operation, [], params, options)
        let fields = Data(JSON.object(params).text.utf8)
        let head = ReplyHead(reply.head)
        do {
            return try Calls.decoded(try Calls.now { try parseReply(api: api, fields: fields, body: reply.body) }, head)
        } catch let error as ThreadlineError {
            throw error.with(head)
        }
    }

    fileprivate func read<T: Decodable>(_ answer: JSON?) throws -> T? {
        guard let answer, !answer.isNull else { return nil }
        do {
            return try Calls.read(T.self, Data(answer.text.utf8))
        } catch {
            throw ThreadlineError.of("decode", "the answer is no \(T.self): \(error)")
        }
    }

    /// JSON as a type: dates as RFC 3339 has them, with and without parts of a second.
    static func read<T: Decodable>(_ type: T.Type, _ json: Data) throws -> T {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let container = try decoder.singleValueContainer()
            let text = try container.decode(String.self)
            if let date = Timestamp.date(text) { return date }
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "`\(text)` is no date of RFC 3339")
        }
        return try decoder.decode(type, from: json)
    }
}

extension ChatCompletionsResource {
    /// Creates a completion whose answer is read into a type.
    ///
    /// - Throws: ``ThreadlineError``; of kind `length_finish`, `content_filter_finish` or `decode` with the reply as its `completion`.
    public func parse<T: Decodable & Sendable>(
        _ params: ChatCompletionCreateParams, as type: T.Type, options: RequestOptions? = nil
    ) async throws -> Parsed<ChatCompletion, T> {
        var params = params
        params.json["response_format"] = try OutputSchema(of: type).responseFormat()
        let reply = try await parse(params, options: options)
        return Parsed(reply: reply, parsed: try _calls.read(reply.json["choices"]?[0]?["message"]?["parsed"]))
    }

    /// Creates a completion and reads its answer by the schemas in `params`: `parsed` and `parsed_arguments` stand in their official places.
    public func parse(_ params: ChatCompletionCreateParams, options: RequestOptions? = nil) async throws -> ChatCompletion {
        try await _calls.parse("chat", "chat.completions.create", params.json, options)
    }
}

extension ResponsesResource {
    /// Creates a response whose answer is read into a type.
    ///
    /// - Throws: ``ThreadlineError``; of kind `length_finish`, `content_filter_finish` or `decode` with the reply as its `completion`.
    public func parse<T: Decodable & Sendable>(
        _ params: ResponseCreateParams, as type: T.Type, options: RequestOptions? = nil
    ) async throws -> Parsed<Response, T> {
        var params = params
        var text = params.json["text"]?.object ?? JSONObject()
        text["format"] = try OutputSchema(of: type).textFormat()
        params.json["text"] = .object(text)
        let reply = try await parse(params, options: options)
        let contents = (reply.json["output"]?.array ?? []).flatMap { $0["content"]?.array ?? [] }
        return Parsed(reply: reply, parsed: try _calls.read(contents.compactMap { $0["parsed"] }.first { !$0.isNull }))
    }

    /// Creates a response and reads its answer by the schemas in `params`: `parsed` and `parsed_arguments` stand in their official places.
    public func parse(_ params: ResponseCreateParams, options: RequestOptions? = nil) async throws -> Response {
        try await _calls.parse("responses", "responses.create", params.json, options)
    }
}
