#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Writing to a connection that the server has closed must be an error of the call, not the end of the process: Linux ends a process by `SIGPIPE`
/// unless it says otherwise, which the runtimes of other languages do by themselves. A handler that the program has set stays.
let brokenPipesAreErrors: Void = {
    if let before = signal(SIGPIPE, SIG_IGN) { _ = signal(SIGPIPE, before) }
}()
