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
    write("")
    write(terminal.paint(text, .strong))
  }

  /// - Parameters:
  ///   - wraps: whether all of a long text is told, on several lines, or its beginning.
  ///   - isQuiet: whether the text itself is painted as well.
  func tell(
    _ label: String, _ text: String, _ paint: Paint? = nil, wraps: Bool = false, isQuiet: Bool = false
  ) {
    let clock = label.isEmpty ? "" : Narrator.clock(ContinuousClock.now - begun)
    let gap = String(repeating: " ", count: max(0, 8 - clock.count))
    let word = terminal.paint(label.cut(to: 9).padded(to: 9), paint)
    let head = "\(gap)\(terminal.paint(clock, .quiet))  \(word) "
    let room = max(20, (terminal.width ?? 120) - Narrator.indent)
    let lines = wraps ? text.wrapped(to: room) : [text.cut(to: room)]
    for (place, line) in lines.enumerated() {
      let start = place == 0 ? head : String(repeating: " ", count: Narrator.indent)
      write((start + (isQuiet ? terminal.paint(line, paint) : line)).trimmedAtEnd)
    }
  }

  /// Columns before the text: clock and label.
  private static let indent = 20

  /// A line as it is, such as one of a file or a command to be copied: never cut.
  func plain(_ text: String) {
    write(text.trimmedAtEnd)
  }

  /// `0.42 s`
  static func clock(_ duration: Duration) -> String {
    let hundredths = max(0, duration.microseconds) / 10_000
    let fraction = hundredths % 100
    return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction) s"
  }
}
