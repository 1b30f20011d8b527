import Foundation
import Threadline

/// The example of the package's page.
func page(_ client: Client) async throws {
    let params = ChatCompletionCreateParams(messages: [.user(ChatCompletionUserMessageParam(content: .text("Say hello.")))], model: .gpt5_5)
    let completion = try await client.chat.completions.create(params)
    print("answer: \(completion.choices.first?.message.content ?? "")")
    for try await chunk in try await client.chat.completions.createStream(params) { print(chunk.choices.first?.delta.content ?? "", terminator: "") }
    for try await file in client.files.list().prefix(10) { print(file.filename) }
    print(await Result.of { try await client.models.retrieve(model: "gpt-5.5").id })
}

/// A thread and a run, as `threadline-server` answers them.
func assistant(_ client: Client) async throws {
    let assistant = try await client.beta.assistants.create(AssistantCreateParams(model: .gpt5_5))
    let thread = try await client.beta.threads.create()
    _ = try await client.beta.threads.messages.create(threadId: thread.id, ThreadMessageCreateParams(content: .text("Hi"), role: .user))
    let runs = client.beta.threads.runs
    let run = try await runs.createAndPoll(threadId: thread.id, RunCreateParams(assistantId: assistant.id), pace: Pace(interval: 0.05))
    print("run: \(run.status)")
    var roles: [ThreadMessageRole] = []
    for try await message in client.beta.threads.messages.list(threadId: thread.id) { roles.append(message.role) }
    guard run.status == .completed, roles.contains(.assistant) else { fatalError("the thread has no answer: \(roles)") }
}

let client = try Client.fromEnvironment()
if CommandLine.arguments.last == "assistant" { try await assistant(client) } else { try await page(client) }
