import Glibc

/// Where chance comes from: ids, jitter, boundaries. Injected, so that a simulation can be repeated.
package struct Randomness: Sendable {
  package var bytes: @Sendable (_ count: Int) -> [UInt8]
  /// 64 even bits.
  private let word: @Sendable () -> UInt64

  package init(bytes: @escaping @Sendable (_ count: Int) -> [UInt8]) {
    self.init(bytes: bytes) { bytes(8).reduce(0) { $0 << 8 | UInt64($1) } }
  }

  private init(
    bytes: @escaping @Sendable (_ count: Int) -> [UInt8], word: @escaping @Sendable () -> UInt64
  ) {
    self.bytes = bytes
    self.word = word
  }

  /// The system's cryptographic source, asked for a page at a time: ids need few bytes, but often.
  package static let system: Randomness = {
    let pool = Lock<[UInt8]>([])
    return Randomness(
      bytes: { count in
        pool.withLock { pool in
          while pool.count < count { pool += page() }
          defer { pool.removeLast(count) }
          return Array(pool.suffix(count))
        }
      },
      word: {
        pool.withLock { pool in
          if pool.count < 8 { pool += page() }
          var word: UInt64 = 0
          for byte in pool.suffix(8) { word = word << 8 | UInt64(byte) }
          pool.removeLast(8)
          return word
        }
      })
  }()

  /// Asks the kernel, which gives 256 bytes at once without fail.
  private static func page() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 4096)
    for start in stride(from: 0, to: bytes.count, by: 256) {
      let failure = bytes[start..<start + 256].withUnsafeMutableBytes { getentropy($0.baseAddress!, 256) }
      precondition(failure == 0, "The kernel gave no random bytes: error \(errno).")
    }
    return bytes
  }

  /// The same sequence for the same seed. For tests and simulations only.
  package static func seeded(_ seed: UInt64) -> Randomness {
    let state = Lock(seed)
    return Randomness { count in
      state.withLock { state in
        (0..<count).map { _ in
          // SplitMix64, as published by Steele, Lea and Flood (2014).
          state &+= 0x9e37_79b9_7f4a_7c15
          var mixed = state
          mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
          mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
          return UInt8(truncatingIfNeeded: mixed ^ (mixed >> 31))
        }
      }
    }
  }

  package func number() -> UInt64 { word() }

  /// An even pick from `0..<1`.
  package func fraction() -> Double {
    Double(number() >> 11) / Double(1 << 53)
  }
}
