import Primitives

/// Tells the story, line by line, with the time since it began.
struct Narrator: Sendable {
  let terminal: Terminal
  private let begun = ContinuousClock.now
  private let write: @Sendable (String) -> Void

  init(_ terminal: Terminal = .output, write: @escaping @Sendable (String) -> Void = Say.output) {
    self.terminal = terminal
    self.write = write
  }

  func title(_ text: String) {
    write("\n" + terminal.paint(text, .strong))
  }

  /// - Parameter continues: whether it belongs to the line before, and needs no time of its own.
  func tell(_ label: String, _ text: String, _ paint: Paint? = nil, continues: Bool = false) {
    let clock = continues ? "" : Narrator.clock(ContinuousClock.now - begun)
    let gap = String(repeating: " ", count: max(0, 8 - clock.count))
    let head = "\(gap)\(terminal.paint(clock, .quiet))  "
    let room = terminal.width.map { max(20, $0 - 20) } ?? .max
    write(
      (head + terminal.paint(label.cut(to: 9).padded(to: 9), paint) + " " + text.cut(to: room)).trimmedAtEnd)
  }

  /// A line as it is, such as one of a file or a command to be copied: never cut.
  func plain(_ text: String) {
    write(text)
  }

  /// `0.42 s`
  static func clock(_ duration: Duration) -> String {
    let hundredths = max(0, duration.microseconds) / 10_000
    let fraction = hundredths % 100
    return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction) s"
  }
}
