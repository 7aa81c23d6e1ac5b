import Glibc

/// Whether a key that somebody chose could be guessed.
enum KeyStrength {
  /// Characters that a key should have at least.
  static let length = 32
  /// Bits that its characters should tell at least, as often as they come.
  static let bits = 90.0

  /// Said at the start when `ERRAND_API_KEY` is weak and others than this machine's programs reach the server; nil
  /// when there is nothing to say. The key itself is not shown.
  static func warning(_ configuration: Configuration) -> String? {
    guard configuration.role.serves, configuration.isPublic,
      let key = configuration.environment["ERRAND_API_KEY"], !key.isEmpty, let why = weakness(of: key)
    else { return nil }
    return
      "ERRAND_API_KEY \(why), and others than this machine's programs reach this server: whoever guesses the key "
      + "may do everything that this user may. Set a random one, such as `openssl rand -hex 32` prints, or unset it, so "
      + "that the one in the data directory counts."
  }

  /// The rest of a sentence that begins with the key; nil when it is strong.
  static func weakness(of key: String) -> String? {
    let bytes = Array(key.utf8)
    if bytes.count < length { return "has only \(bytes.count) characters" }
    let isRepeated = (1...bytes.count / 2).contains { period in
      (period..<bytes.count).allSatisfy { bytes[$0] == bytes[$0 - period] }
    }
    if isRepeated { return "repeats itself" }
    let counts = bytes.reduce(into: [UInt8: Double]()) { $0[$1, default: 0] += 1 }
    let told = counts.values.reduce(0) { $0 - $1 * log2($1 / Double(bytes.count)) }
    return told < bits ? "uses few different characters" : nil
  }
}
