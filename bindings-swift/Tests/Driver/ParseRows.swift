import Threadline

extension Arguments {
    /// The type that `{"$type": …}` stands for.
    static func type(_ json: JSON) throws -> OutputSchema? {
        guard let described = json["$type"] else { return nil }
        guard let name = described["name"]?.string, let schema = described["schema"] else { throw Usage("`$type` has `name` and `schema`") }
        return OutputSchema(name: name, description: described["description"]?.string, schema: schema)
    }

    /// Puts what types stand for in their places: the format of the answer, tools.
    fileprivate func place(
        _ format: String, _ tell: (OutputSchema) throws -> JSON, tools: (OutputSchema) throws -> JSON
    ) throws -> JSON? {
        var told: JSON?
        if let given = peek(format), let type = try Arguments.type(given) {
            _ = take(format)
            told = try tell(type)
        }
        if let list = take("tools")?.array {
            set("tools", .array(try list.map { item in try Arguments.type(item).map(tools) ?? item }))
        }
        return told
    }
}

extension Helpers {
    func parsing(_ rows: inout [Row]) {
        rows.append(like("chat.completions.parse", "", "messages,model", ["chat.completions.create"], "stream") { c, a in
            _ = a.take("stream")
            let format = try a.place("response_format", { try $0.responseFormat() }, tools: { try $0.chatTool() })
            if let format { a.set("response_format", format) }
            return try a.value(try await c.chat.completions.parse(try a.params(ChatCompletionCreateParams.self), options: a.options))
        })
        rows.append(like("responses.parse", "", "", ["responses.create"], "stream,text_format") { c, a in
            _ = a.take("stream")
            let format = try a.place("text_format", { try $0.textFormat() }, tools: { try $0.responsesTool() })
            if let format {
                var text = a.take("text")?.object ?? JSONObject()
                text["format"] = format
                a.set("text", .object(text))
            }
            return try a.value(try await c.responses.parse(try a.params(ResponseCreateParams.self), options: a.options))
        })
    }
}
