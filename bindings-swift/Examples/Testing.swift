import Threadline

/// A test of a program of one's own, without a provider.
func testing(_ client: Client) async throws {
    let server = try MockServer()
    try await server.reply(status: 429, headers: ["retry-after": "0"])
    try await server.synthesise()
    let model = try await server.client().models.retrieve(model: "m")
    let seen = try await server.requests()
    print(model.id, seen.map { "\($0)" })
    server.stop()
}

/// A route that the package has no method for, or no method yet.
func undocumented(_ client: Client) async throws {
    let model = try await client.request("GET", "/models/gpt-5.5")
    print(model.text)
    let body: JSONObject = ["model": "gpt-5.5", "messages": [["role": "user", "content": "Hi"]]]
    let completion = try await client.request("POST", "/chat/completions", as: ChatCompletion.self, .json(body))
    print(completion.choices.count)
}
