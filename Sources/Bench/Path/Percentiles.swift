/// Order statistics of a sorted list.
enum Percentiles {
  /// The value below which `part` of the list lies: 0.5 is the median. 0 for an empty list.
  static func of(_ sorted: [Int64], _ part: Double) -> Double {
    guard !sorted.isEmpty else { return 0 }
    return Double(sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))])
  }

  /// `1.23 ms`
  static func text(_ milliseconds: Double) -> String {
    milliseconds < 10
      ? "\((milliseconds * 100).rounded() / 100) ms" : "\((milliseconds * 10).rounded() / 10) ms"
  }
}
