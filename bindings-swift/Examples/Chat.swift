import Foundation
import Threadline

/// One question, one answer, and the same as a stream; what the package's page shows.
public func page(_ client: Client) async throws {
    let params = ChatCompletionCreateParams(messages: [.user(ChatCompletionUserMessageParam(content: .text("Say hello.")))], model: .gpt5_5)
    let completion = try await client.chat.completions.create(params)
    print(completion.choices.first?.message.content ?? "")

    for try await chunk in try await client.chat.completions.createStream(params) { print(chunk.choices.first?.delta.content ?? "", terminator: "") }
    for try await file in client.files.list() { print(file.filename) }
    let outcome = await Result.of { try await client.models.retrieve(model: "gpt-5.5") }
    print("\(outcome)")
}

/// What the first page of the repository shows in every language.
public func first(_ client: Client) async throws {
    let params = ChatCompletionCreateParams(
        messages: [.user(ChatCompletionUserMessageParam(content: .text("Why is the sky blue?")))], model: .gpt5_5)
    for try await chunk in try await client.chat.completions.createStream(params) {
        for choice in chunk.choices { print(choice.delta.content ?? "", terminator: "") }
    }
}

/// A question.
public func chat(_ client: Client) async throws {
    let completion = try await client.chat.completions.create(
        ChatCompletionCreateParams(
            messages: [.user(ChatCompletionUserMessageParam(content: .text("Why is the sky blue?")))], model: .gpt5_5,
            maxCompletionTokens: 200))
    print(completion.choices.first?.message.content ?? "")
    print("\(completion.usage?.totalTokens ?? 0) tokens")
}

/// An answer as it is written, and the whole of it at the end.
public func streamed(_ client: Client) async throws {
    let params = question("Tell me a story.")
    let completion = try await client.chat.completions.stream(params).result { event in
        if let text = event.textDelta { print(text, terminator: "") }
    }
    print("\nended by \(completion.choices.first?.finishReason.rawValue ?? "nothing")")
}

/// What may go wrong, and how long it may take.
public func errors(_ client: Client) async throws {
    do {
        let model = try await client.models.retrieve(model: "gpt-9", options: RequestOptions(timeout: 20, maxRetries: 1))
        print(model.id)
    } catch ThreadlineError.rateLimit(let failure) {
        print("again in \(failure.retryAfter ?? 1) s")
    } catch let error as ThreadlineError {
        print("\(error.kind): \(error.message) (\(error.requestID ?? "no request"))")
    }
    // Whoever gives up waiting closes the connection.
    let slow = Task { try await client.models.list().firstPage() }
    slow.cancel()
    print(await slow.result)
}

/// A place, as the model is to tell of it.
struct Place: Decodable, Sendable {
    enum Kind: String, Decodable, CaseIterable { case museum, park, shop }

    let city: String
    let kind: Kind
    let opensAt: Int?
}

/// An answer of a form that is known beforehand.
public func structured(_ client: Client) async throws {
    do {
        let answer = try await client.chat.completions.parse(question("Where is the Louvre?"), as: Place.self)
        print(answer.parsed?.city ?? "no place")
    } catch ThreadlineError.decode(let failure) {
        // What a mock server makes up is no JSON.
        print(failure.message)
    }
}

/// Arguments of a function.
struct WeatherArguments: Decodable, Sendable {
    let city: String
}

/// Functions that the model calls.
public func tools(_ client: Client) async throws {
    let weather = try ToolFunction("weather", description: "The weather of a city.") { (asked: WeatherArguments) in
        ["sky": "clear", "city": asked.city]
    }
    do {
        let run = try await client.chat.completions.runTools(question("Do I need an umbrella in Oslo?"), functions: [weather])
        print(run.reply.choices.first?.message.content ?? "")
    } catch let error as ThreadlineError where error.transcript != nil {
        // A mock server's model calls functions for ever.
        print("\(error.kind): \(error.message)")
    }
}

func question(_ text: String) -> ChatCompletionCreateParams {
    ChatCompletionCreateParams(messages: [.user(ChatCompletionUserMessageParam(content: .text(text)))], model: .gpt5_5)
}
