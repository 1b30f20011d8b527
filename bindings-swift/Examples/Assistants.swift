import Foundation
import Threadline

/// An assistant in a thread.
public func assistant(_ client: Client) async throws {
    let assistant = try await client.beta.assistants.create(AssistantCreateParams(model: .gpt5_5))
    let thread = try await client.beta.threads.create()
    _ = try await client.beta.threads.messages.create(threadId: thread.id, ThreadMessageCreateParams(content: .text("Hello"), role: .user))
    let run = try await client.beta.threads.runs.createAndPoll(
        threadId: thread.id, RunCreateParams(assistantId: assistant.id), pace: Pace(interval: 0.01))
    print(run.status)
    for try await message in client.beta.threads.messages.list(threadId: thread.id) { print(message.role) }
}

/// Hears a run as it happens.
struct Printer: RunEventHandler {
    func onTextDelta(_ delta: String, snapshot: JSON) async throws { print(delta, terminator: "") }
    func onRunStepDone(_ step: RunStep) async throws { print("\nstep \(step.id)") }
}

/// A streamed run, with a handler for its events.
public func handler(_ client: Client) async throws {
    let run = try await client.beta.threads.runs
        .stream(threadId: "thread_1", RunCreateParams(assistantId: "asst_1")).result(handler: Printer())
    print("\(run.messages.count) messages")
}
