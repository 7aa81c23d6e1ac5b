package import Logging
package import Primitives

/// Keeps what is logged, a line each.
package struct LineLog: LogHandler {
  private let lines: Lock<[String]>
  package var metadata: Logger.Metadata = [:]
  package var logLevel: Logger.Level

  /// - Parameter level: what is less important is left out.
  package init(_ lines: Lock<[String]>, level: Logger.Level = .info) {
    self.lines = lines
    logLevel = level
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    let details = event.metadata ?? [:]
    lines.withLock { $0.append(details.isEmpty ? "\(event.message)" : "\(event.message) \(details)") }
  }
}
