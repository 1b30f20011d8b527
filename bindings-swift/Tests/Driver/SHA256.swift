import Foundation

/// SHA-256, which Foundation does not have on Linux.
struct SHA256 {
    private static let constants: [UInt32] = {
        // Fractional parts of the cube roots of the first 64 primes.
        var primes: [Int] = []
        var candidate = 2
        while primes.count < 64 {
            if !primes.contains(where: { candidate % $0 == 0 }) { primes.append(candidate) }
            candidate += 1
        }
        return primes.map { fraction(cbrt(Double($0)), of: $0, power: 3) }
    }()

    private var state: [UInt32] = [2, 3, 5, 7, 11, 13, 17, 19].map { fraction(Double($0).squareRoot(), of: $0, power: 2) }
    private var rest: [UInt8] = []
    private var length: UInt64 = 0

    /// The first 32 bits behind the point of a root: an estimate, put right in whole numbers.
    private static func fraction(_ root: Double, of prime: Int, power: Int) -> UInt32 {
        let whole = UInt64(root)
        var bits = UInt64((root - Double(whole)) * 4_294_967_296)
        func tooLarge(_ bits: UInt64) -> Bool {
            // (whole·2³² + bits)^power > prime·2^(32·power), in 128 or more bits by Decimal.
            let scaled = Decimal(whole) * 4_294_967_296 + Decimal(bits)
            var product = scaled
            var limit = Decimal(prime) * 4_294_967_296
            for _ in 1..<power {
                product *= scaled
                limit *= 4_294_967_296
            }
            return product > limit
        }
        while tooLarge(bits) { bits -= 1 }
        while !tooLarge(bits + 1) { bits += 1 }
        return UInt32(truncatingIfNeeded: bits)
    }

    mutating func update(_ data: Data) {
        length += UInt64(data.count)
        rest.append(contentsOf: data)
        var at = 0
        while rest.count - at >= 64 {
            block(at)
            at += 64
        }
        rest.removeFirst(at)
    }

    mutating func finish() -> String {
        let bits = length * 8
        rest.append(0x80)
        while rest.count % 64 != 56 { rest.append(0) }
        for shift in stride(from: UInt64(56), through: 0, by: -8) { rest.append(UInt8(truncatingIfNeeded: bits >> shift)) }
        var at = 0
        while at < rest.count {
            block(at)
            at += 64
        }
        return state.map { String(format: "%08x", $0) }.joined()
    }

    /// By pointers and plain loops: without optimisation, arrays and ranges take a hundred times as long.
    private mutating func block(_ at: Int) {
        rest.withUnsafeBufferPointer { rest in
            SHA256.constants.withUnsafeBufferPointer { constants in
                withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { words in
                    state.withUnsafeMutableBufferPointer { state in
                        SHA256.mix(rest.baseAddress! + at, constants.baseAddress!, words.baseAddress!, state.baseAddress!)
                    }
                }
            }
        }
    }

    private static func mix(
        _ bytes: UnsafePointer<UInt8>, _ constants: UnsafePointer<UInt32>, _ words: UnsafeMutablePointer<UInt32>,
        _ state: UnsafeMutablePointer<UInt32>
    ) {
        var index = 0
        while index < 16 {
            let from = bytes + index &* 4
            let (one, two) = (UInt32(truncatingIfNeeded: from[0]) &<< 24, UInt32(truncatingIfNeeded: from[1]) &<< 16)
            words[index] = one | two | UInt32(truncatingIfNeeded: from[2]) &<< 8 | UInt32(truncatingIfNeeded: from[3])
            index = index &+ 1
        }
        while index < 64 {
            let (early, late) = (words[index &- 15], words[index &- 2])
            let one: UInt32 = (early &>> 7 | early &<< 25) ^ (early &>> 18 | early &<< 14) ^ (early &>> 3)
            let two: UInt32 = (late &>> 17 | late &<< 15) ^ (late &>> 19 | late &<< 13) ^ (late &>> 10)
            words[index] = words[index &- 16] &+ one &+ words[index &- 7] &+ two
            index = index &+ 1
        }
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        index = 0
        while index < 64 {
            let turned: UInt32 = (e &>> 6 | e &<< 26) ^ (e &>> 11 | e &<< 21) ^ (e &>> 25 | e &<< 7)
            let choice: UInt32 = (e & f) ^ (~e & g)
            let first: UInt32 = h &+ turned &+ choice &+ constants[index] &+ words[index]
            let spread: UInt32 = (a &>> 2 | a &<< 30) ^ (a &>> 13 | a &<< 19) ^ (a &>> 22 | a &<< 10)
            let majority: UInt32 = (a & b) ^ (a & c) ^ (b & c)
            h = g
            g = f
            f = e
            e = d &+ first
            d = c
            c = b
            b = a
            a = first &+ spread &+ majority
            index = index &+ 1
        }
        state[0] = state[0] &+ a
        state[1] = state[1] &+ b
        state[2] = state[2] &+ c
        state[3] = state[3] &+ d
        state[4] = state[4] &+ e
        state[5] = state[5] &+ f
        state[6] = state[6] &+ g
        state[7] = state[7] &+ h
    }
}
