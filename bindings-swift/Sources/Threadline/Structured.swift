import Foundation
import ThreadlineFFI

/// A type that answers are read into: `Decodable`, with the JSON schema by which the model is asked for it.
///
/// ```swift
/// struct City: StructuredOutput {
///     let name: String
///     let people: Int
///     static let outputSchema = OutputSchema(
///         name: "city", schema: ["type": "object", "properties": ["name": ["type": "string"], "people": ["type": "integer"]]])
/// }
///
/// let city = try await client.chat.completions.parse(params, as: City.self).parsed
/// ```
public protocol StructuredOutput: Decodable, Sendable {
    /// What the model is told.
    static var outputSchema: OutputSchema { get }
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
        let body = try Calls.now { try parseReply(api: api, fields: fields, body: reply.body) }
        return try Calls.decoded(body, ReplyHead(reply.head))
    }

    fileprivate func read<T: Decodable>(_ answer: JSON?) throws -> T? {
        guard let answer, !answer.isNull else { return nil }
        do {
            return try JSONDecoder().decode(T.self, from: Data(answer.text.utf8))
        } catch {
            throw ThreadlineError.of("decode", "the answer is no \(T.self): \(error)")
        }
    }
}

extension ChatCompletionsResource {
    /// Creates a completion whose answer is read into a type.
    ///
    /// - Throws: ``ThreadlineError``; of kind `length_finish`, `content_filter_finish` or `decode` with the reply as its `completion`.
    public func parse<T: StructuredOutput>(
        _ params: ChatCompletionCreateParams, as type: T.Type, options: RequestOptions? = nil
    ) async throws -> Parsed<ChatCompletion, T> {
        var params = params
        params.json["response_format"] = try T.outputSchema.responseFormat()
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
    public func parse<T: StructuredOutput>(
        _ params: ResponseCreateParams, as type: T.Type, options: RequestOptions? = nil
    ) async throws -> Parsed<Response, T> {
        var params = params
        var text = params.json["text"]?.object ?? JSONObject()
        text["format"] = try T.outputSchema.textFormat()
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
