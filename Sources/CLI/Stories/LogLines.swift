import Cron
import JSON
import Primitives

/// Events as lines of a log: the clock, who, what.
struct LogLines: Sendable {
  private let teller: Lock<EventTeller>
  private let terminal: Terminal
  /// By whose clocks; nil for this machine's.
  private let zone: Zone?
  private let tell: @Sendable (String) -> Void

  init(
    tellsAll: Bool, textLimit: Int = 40, zone: String? = nil, terminal: Terminal = .output,
    tell: @escaping @Sendable (String) -> Void
  ) {
    teller = Lock(EventTeller(tellsAll: tellsAll, textLimit: textLimit))
    self.terminal = terminal
    self.zone = TimeWords.known(zone)
    self.tell = tell
  }

  @Sendable func show(_ event: JSON) {
    let lines = teller.withLock { $0.lines(event) }
    let clock = EventTeller.time(of: event).map { TimeWords.clock($0, in: zone) } ?? ""
    for (place, line) in lines.enumerated() {
      let head = terminal.paint((place == 0 ? clock : "").padded(to: 8), .quiet)
      let label = terminal.paint(line.label.cut(to: 8).padded(to: 8), line.paint)
      for (part, text) in texts(line).enumerated() {
        let painted = terminal.paint(text, line.label.isEmpty ? line.paint : nil)
        let start = part == 0 ? "\(head)  \(label)  " : String(repeating: " ", count: LogLines.indent)
        tell((start + painted).trimmedAtEnd)
      }
    }
  }

  /// Columns before the text: clock and label.
  private static let indent = 20

  /// What was said is wrapped on a terminal, what a tool printed is cut.
  private func texts(_ line: EventLine) -> [String] {
    guard let width = terminal.width else { return [line.text] }
    let room = max(20, width - LogLines.indent)
    return line.isSpoken && line.text.columns > room ? line.text.wrapped(to: room) : [line.text.cut(to: room)]
  }
}

extension String {
  var trimmedAtEnd: String {
    String(reversed().drop { $0 == " " }.reversed())
  }
}
