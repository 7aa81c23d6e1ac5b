package import Primitives

/// How many requests each key may make in a minute: a bucket per key and kind that fills steadily and holds a
/// minute's worth.
package final class RateLimits: Sendable {
  package struct Rates: Sendable {
    /// Requests that create something.
    package var creates = 300
    /// Requests that read, streams included.
    package var reads = 1200

    package init() {}
  }

  enum Kind: Hashable, Sendable { case create, read }

  private struct Bucket {
    var level: Double
    var filledAt: Timestamp
  }
  private struct Key: Hashable {
    var id: String
    var kind: Kind
  }

  private let rates: Rates
  private let time: Time
  /// As many as there are keys: whoever shows none comes no further.
  private let buckets = Lock<[Key: Bucket]>([:])

  package init(_ rates: Rates = Rates(), time: Time = .system) {
    self.rates = rates
    self.time = time
  }

  /// Counts a request.
  /// - Throws: `APIError.tooMany` with the time until one more is possible.
  func count(_ kind: Kind, of key: String) throws {
    let rate = kind == .create ? rates.creates : rates.reads
    let now = time.now()
    let wait = buckets.withLock { buckets -> Double? in
      let key = Key(id: key, kind: kind)
      var bucket = buckets[key] ?? Bucket(level: Double(rate), filledAt: now)
      let perSecond = Double(rate) / 60
      let passed = max(0, (now - bucket.filledAt).inSeconds)
      bucket.level = min(Double(rate), bucket.level + passed * perSecond)
      bucket.filledAt = now
      defer { buckets[key] = bucket }
      guard bucket.level >= 1 else { return (1 - bucket.level) / perSecond }
      bucket.level -= 1
      return nil
    }
    guard let wait else { return }
    throw APIError.tooMany(
      "This key made more than \(rate) \(kind == .create ? "creating" : "reading") requests within a minute.",
      retryAfter: .seconds(wait))
  }
}
