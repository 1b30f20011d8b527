/// What a request to a route that the package does not know sends.
public enum RequestBody: Sendable {
    /// Nothing but parameters behind the path, where there are any.
    case nothing(query: JSONObject = JSONObject())
    /// One JSON object.
    case json(JSONObject)
    /// `multipart/form-data`: fields, and files by the names of their parts.
    case form(JSONObject, files: [String: FileUpload] = [:])
    /// A file as it is; `application/octet-stream`, unless a header of the options says otherwise.
    case content(FileUpload)

    /// The native library's name of such a request.
    fileprivate func operation(_ verb: String) -> String {
        switch self {
        case .nothing: return verb.lowercased()
        case .json: return verb.lowercased() + " json"
        case .form: return verb.lowercased() + " form"
        case .content: return verb.lowercased() + " content"
        }
    }

    fileprivate var members: JSONObject {
        switch self {
        case .nothing(let query): return query
        case .json(let members): return members
        case .form(var members, let files):
            for name in files.keys.sorted() { members.add(name, files[name]) }
            return members
        case .content(let file): return ["content": file._json()]
        }
    }
}

extension Client {
    /// Sends a request to a route that the package has no method for: `verb` is `GET`, `POST`, `PUT`, `PATCH` or `DELETE`, `path` what stands
    /// behind the base URL, with whatever query. Credentials, retries, deadlines and errors are those of every call; below `/organization` the
    /// admin key is sent. A reply that is no JSON becomes a JSON text.
    public func request(
        _ verb: String, _ path: String, _ body: RequestBody = .nothing(), options: RequestOptions? = nil
    ) async throws -> JSON {
        try await request(verb, path, as: JSON.self, body, options: options)
    }

    /// The same with a type of the package for the reply: `client.request("GET", "/models/m", as: Model.self)`.
    public func request<Reply: _Value>(
        _ verb: String, _ path: String, as type: Reply.Type, _ body: RequestBody = .nothing(), options: RequestOptions? = nil
    ) async throws -> Reply {
        try await _calls.valueOrText(body.operation(verb), [path], body.members, options)
    }

    /// The same for a route whose reply is a stream of events.
    public func requestStream(
        _ verb: String, _ path: String, _ body: RequestBody = .nothing(), options: RequestOptions? = nil
    ) async throws -> EventStream<JSON> {
        try await _calls.events(body.operation(verb), [path], body.members, options)
    }

    /// The same for a route whose reply is a file.
    public func requestDownload(
        _ verb: String, _ path: String, _ body: RequestBody = .nothing(), options: RequestOptions? = nil
    ) async throws -> Download {
        try await _calls.download(body.operation(verb), [path], body.members, options)
    }
}
