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

    private mutating func block(_ at: Int) {
        var words: [UInt32] = []
        words.reserveCapacity(64)
        for index in 0..<16 {
            var word: UInt32 = 0
            for byte in 0..<4 { word = word << 8 | UInt32(rest[at + index * 4 + byte]) }
            words.append(word)
        }
        func turn(_ value: UInt32, _ by: UInt32) -> UInt32 { value >> by | value << (32 - by) }
        for index in 16..<64 {
            let (early, late) = (words[index - 15], words[index - 2])
            let one: UInt32 = turn(early, 7) ^ turn(early, 18) ^ early >> 3
            let two: UInt32 = turn(late, 17) ^ turn(late, 19) ^ late >> 10
            words.append(words[index - 16] &+ one &+ words[index - 7] &+ two)
        }
        var v = state
        for index in 0..<64 {
            let (a, e) = (v[0], v[4])
            let mix: UInt32 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)
            let choice: UInt32 = e & v[5] ^ ~e & v[6]
            let first: UInt32 = v[7] &+ mix &+ choice &+ SHA256.constants[index] &+ words[index]
            let spread: UInt32 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)
            let majority: UInt32 = a & v[1] ^ a & v[2] ^ v[1] & v[2]
            v = [first &+ spread &+ majority, a, v[1], v[2], v[3] &+ first, e, v[5], v[6]]
        }
        for index in 0..<8 { state[index] = state[index] &+ v[index] }
    }
}
