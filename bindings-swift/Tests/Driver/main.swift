import Foundation
import Threadline

// The driver as a program: one call a line of standard input, one answer a line of standard output.
// The lines are a test's own: they may name files.
FileUpload._takesPaths = true
let driver = Driver()
let outstanding = DispatchGroup()
let output = NSLock()
while let line = readLine(strippingNewline: true) {
    if line.allSatisfy({ $0.isWhitespace }) { continue }
    outstanding.enter()
    Task {
        let answer = Data((await driver.line(line) + "\n").utf8)
        output.withLock { FileHandle.standardOutput.write(answer) }
        outstanding.leave()
    }
}
outstanding.wait()
