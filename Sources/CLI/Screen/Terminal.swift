import FileSystem
import Glibc
import Primitives

/// Where output goes: how wide it is, and whether it may have colours.
struct Terminal: Sendable, Equatable {
  /// Columns; nil when it is no terminal and lines may be as long as they are.
  var width: Int?
  var hasColours: Bool

  init(width: Int?, hasColours: Bool) {
    self.width = width
    self.hasColours = hasColours
  }

  /// What a stream of this process is.
  init(descriptor: Int32, environment: [String: String]) {
    let isTerminal = isatty(descriptor) == 1
    var size = winsize()
    var columns: Int?
    if isTerminal {
      columns = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
    }
    self.init(
      width: columns, hasColours: Terminal.allowsColours(isTerminal: isTerminal, environment: environment))
  }

  /// Colours stand on terminals only, and never where NO_COLOR (https://no-color.org) is set to something.
  static func allowsColours(isTerminal: Bool, environment: [String: String]) -> Bool {
    isTerminal && environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
  }

  static let output = Terminal(descriptor: STDOUT_FILENO, environment: ProcessEnvironment.all)
  static let errors = Terminal(descriptor: STDERR_FILENO, environment: ProcessEnvironment.all)

  /// The text in a colour, or plainly.
  func paint(_ text: String, _ paint: Paint?) -> String {
    guard hasColours, let paint, !text.isEmpty else { return text }
    return "\u{1B}[\(paint.code)m\(text)\u{1B}[0m"
  }
}

/// The few colours that mean something. They never stand alone: the word is always there too.
enum Paint: Sendable, CaseIterable {
  case good, bad, waiting, running, quiet, strong

  /// The number of SGR (ECMA-48, section 8.3.117).
  var code: String {
    switch self {
    case .good: "32"
    case .bad: "31"
    case .waiting: "33"
    case .running: "34"
    case .quiet: "2"
    case .strong: "1"
    }
  }

  /// How many scalars after an escape belong to a sequence that this makes; nil for any other.
  static func code(at rest: Substring.UnicodeScalarView) -> Int? {
    for code in allCases.map(\.code) + ["0"] {
      let sequence = "[\(code)m".unicodeScalars
      if rest.starts(with: sequence) { return sequence.count }
    }
    return nil
  }

  /// The colour of a state of a run, a delivery, a firing or an evaluation.
  static func ofState(_ state: String) -> Paint? {
    switch state {
    case "succeeded", "delivered", "started", "satisfied", "created", "updated": .good
    case "failed", "timed_out", "dead", "failed_to_start", "missed", "terminated": .bad
    case "waiting", "unsatisfied", "capped", "needs_revision", "max_iterations_reached": .waiting
    case "running": .running
    default: .quiet
    }
  }
}

/// What this process was started with.
enum ProcessEnvironment {
  static let all: [String: String] = {
    var all: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
      let pair = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if pair.count == 2 { all[String(pair[0])] = String(pair[1]) }
      entry += 1
    }
    return all
  }()
}

/// Whole lines to the two streams. Data goes to `output`; progress, hints and errors to `notice`.
enum Say {
  static func output(_ text: String) {
    write(text, to: STDOUT_FILENO)
  }

  /// Whole lines with their ends.
  static func output(bytes: [UInt8]) {
    write(bytes[...], to: STDOUT_FILENO)
  }

  static func notice(_ text: String) {
    write(text, to: STDERR_FILENO)
  }

  /// Whether somebody sits there to answer.
  static var hasReader: Bool { isatty(STDIN_FILENO) == 1 }

  /// A question, if somebody sits there to answer it.
  static func prompt(_ text: String) {
    guard hasReader else { return }
    write(Array(text.utf8)[...], to: STDERR_FILENO)
  }

  /// One write per call as far as the system takes it, so that lines of several tasks do not mix.
  private static func write(_ text: String, to descriptor: Int32) {
    let terminal = descriptor == STDOUT_FILENO ? Terminal.output : Terminal.errors
    let text = text.gated(keepingColours: terminal.hasColours)
    write(Array((text.endsLine ? text : text + "\n").utf8)[...], to: descriptor)
  }

  private static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) {
    // A reader that has left, such as `head`, has seen enough.
    try? FileBytes.write(bytes, to: descriptor)
  }
}
