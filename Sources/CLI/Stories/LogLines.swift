import JSON
import Primitives

/// Events as lines of a log: the clock, who, what.
struct LogLines: Sendable {
  private let teller: Lock<EventTeller>
  private let terminal: Terminal
  private let tell: @Sendable (String) -> Void

  init(tellsAll: Bool, terminal: Terminal = .output, tell: @escaping @Sendable (String) -> Void) {
    teller = Lock(EventTeller(tellsAll: tellsAll))
    self.terminal = terminal
    self.tell = tell
  }

  @Sendable func show(_ event: JSON) {
    let lines = teller.withLock { $0.lines(event) }
    let clock = EventTeller.time(of: event).map(TimeWords.clock) ?? ""
    for (place, line) in lines.enumerated() {
      let room = terminal.width.map { $0 - 8 - 2 - 8 - 2 } ?? .max
      let label = terminal.paint(line.label.cut(to: 8).padded(to: 8), line.paint)
      let text = terminal.paint(line.text.cut(to: max(20, room)), line.label.isEmpty ? line.paint : nil)
      tell(
        "\(terminal.paint((place == 0 ? clock : "").padded(to: 8), .quiet))  \(label)  \(text)".trimmedAtEnd)
    }
  }
}

extension String {
  var trimmedAtEnd: String {
    String(reversed().drop { $0 == " " }.reversed())
  }
}
