import ThreadlineFFI

/// A server for tests of programs: it checks requests against the description of the API and answers with values made from the description, or by a
/// script that it is given over HTTP, at ``origin`` and `/__mock/script`. It runs in the process, until it is stopped or nobody holds it any more.
public final class MockServer: Sendable {
    private let native: ThreadlineFFI.MockServer

    /// Listens on this port of the loopback address; 0 takes a free one.
    public init(port: UInt16 = 0) throws {
        native = try Calls.now { try ThreadlineFFI.MockServer(port: port) }
    }

    deinit { native.stop() }

    /// `http://127.0.0.1:PORT`
    public var origin: String { native.origin() }

    /// What a client's ``RequestOptions/baseURL`` has to be.
    public var baseURL: String { origin + "/v1" }

    /// Closes all connections.
    public func stop() { native.stop() }
}
