import Logging
import Primitives

/// The program's own log: a line on stderr for each message, `2026-12-01T09:15:42.031Z warning …`. The time is UTC, as
/// in everything that programs read.
struct LogWriter: LogHandler {
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]

  init(level: Logger.Level) {
    logLevel = level
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let terminal = Terminal.errors
    let paint: Paint? =
      switch event.level {
      case .error, .critical: .bad
      case .warning: .waiting
      default: .quiet
      }
    var line = terminal.paint(LogWriter.stamp(Time.system.now()), .quiet)
    line +=
      " " + terminal.paint(event.level.rawValue.padded(to: 7), paint) + " " + "\(event.message)".onOneLine
    let all = metadata.merging(event.metadata ?? [:]) { $1 }
    for (key, value) in all.sorted(by: { $0.key < $1.key }) {
      line += " " + terminal.paint("\(key)=\(value)".onOneLine, .quiet)
    }
    Say.notice(line)
  }

  /// To the millisecond, always as long.
  static func stamp(_ now: Timestamp) -> String {
    let milliseconds = now.microseconds / 1000
    let fraction = "\(1000 + ((milliseconds % 1000) + 1000) % 1000)".dropFirst()
    return Timestamp(microseconds: milliseconds * 1000).inSentence.dropLast() + ".\(fraction)Z"
  }
}
