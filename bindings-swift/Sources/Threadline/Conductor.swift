import Foundation
import ThreadlineFFI

/// Makes the calls that a native run of tools, or a turn of an agent, asks for. When it goes, the run ends, and functions at work are cancelled.
final class Conductor: Sendable {
    let run: ToolRun
    private let functions: [String: ToolFunction]
    private let decide: (@Sendable (ToolCall) async throws -> ToolDecision)?
    private let atWork = AtWork()

    init(_ run: ToolRun, _ functions: [ToolFunction], _ decide: (@Sendable (ToolCall) async throws -> ToolDecision)? = nil) {
        self.run = run
        self.functions = Dictionary(functions.map { ($0.name, $0) }) { _, last in last }
        self.decide = decide
    }

    deinit { stop() }

    /// Functions as the native library takes them.
    static func text(_ functions: [ToolFunction]) -> String { JSON.array(functions.map { .object($0.members) }).text }

    /// Ends the run, and what is at work for it.
    func stop() {
        run.shut()
        atWork.stop()
    }

    /// Does what a piece of news asks for. Whether it asked for something.
    func take(_ told: JSON) -> Bool {
        let number = UInt64(clamping: told["number"]?.int ?? 0)
        let run = self.run
        switch told["type"]?.string {
        case "call":
            let (function, arguments) = (functions[told["name"]?.string ?? ""], told["arguments"]?.string ?? "")
            atWork.start(number) { run.answer(number: number, answer: await Conductor.performed(function, arguments)) }
            return true
        case "decide":
            let (decide, call) = (self.decide, ToolCall(told))
            atWork.start(number) { run.answer(number: number, answer: await Conductor.decided(decide, call)) }
            return true
        default: return false
        }
    }

    private static func performed(_ function: ToolFunction?, _ arguments: String) async -> ToolAnswer {
        do {
            guard let function else { throw ToolFailure("there is no such function") }
            return .value(json: try await function.run(arguments).text)
        } catch let failure as ToolFailure {
            return failure.message.map { .failed(message: $0) } ?? .crashed
        } catch {
            return .failed(message: (error as? any LocalizedError)?.errorDescription ?? "\(error)")
        }
    }

    private static func decided(_ decide: (@Sendable (ToolCall) async throws -> ToolDecision)?, _ call: ToolCall) async -> ToolAnswer {
        do {
            switch try await decide?(call) ?? .call {
            case .call: return .value(json: "null")
            case .answer(let text): return .instead(text: text)
            case .abort(let why): return .abort(why: why)
            }
        } catch {
            return .abort(why: (error as? any LocalizedError)?.errorDescription ?? "\(error)")
        }
    }

    /// Tasks by their numbers.
    private final class AtWork: @unchecked Sendable {
        private let lock = NSLock()
        private var tasks: [UInt64: Task<Void, Never>] = [:]
        private var isStopped = false

        func start(_ number: UInt64, _ work: @escaping @Sendable () async -> Void) {
            lock.withLock {
                if isStopped { return }
                // It waits for the lock before it can say that it has ended.
                tasks[number] = Task {
                    await work()
                    self.ended(number)
                }
            }
        }

        private func ended(_ number: UInt64) { lock.withLock { _ = tasks.removeValue(forKey: number) } }

        func stop() {
            let left = lock.withLock {
                isStopped = true
                defer { tasks = [:] }
                return Array(tasks.values)
            }
            for task in left { task.cancel() }
        }
    }
}

/// What a run tells, but for the calls that it asks for, which are made.
struct News {
    let conductor: Conductor
    private var batch: [JSON] = []
    private var at = 0

    init(_ conductor: Conductor) {
        self.conductor = conductor
    }

    mutating func next() async throws -> JSON? {
        while true {
            while at < batch.count {
                at += 1
                if !conductor.take(batch[at - 1]) { return batch[at - 1] }
            }
            let run = conductor.run
            do {
                guard let bytes = try await Calls.wait({ try await run.nextBatch(cancel: $0) }) else { return nil }
                batch = try Calls.tree(bytes, nil).array ?? []
                at = 0
            } catch {
                conductor.stop()
                throw error
            }
        }
    }
}
