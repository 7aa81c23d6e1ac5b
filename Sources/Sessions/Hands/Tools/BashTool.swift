import JSON
import Primitives
import Processes
import Sessions

/// `bash`: commands in a shell that keeps its state from call to call.
struct BashTool: BuiltinTool {
  let name = "bash"
  let description = """
    Run a command in a bash shell that keeps its state (directory, variables, functions) between calls. It \
    starts in /workspace. Input is closed. The result is what the command printed, standard error included; a \
    non-zero exit code makes it an error. A command that runs longer than its time limit is killed and the \
    shell restarted: start servers in the background. Files that should be delivered go to \
    /mnt/session/outputs.
    """
  let schema: JSON = [
    "type": "object",
    "properties": [
      "command": ["type": "string", "description": "The command to run."],
      "restart": ["type": "boolean", "description": "Start a new shell before the command, or without one."],
      "timeout_ms": [
        "type": "integer",
        "description": "Time limit in milliseconds. 120000 when not given; at most 600000.",
      ],
    ],
  ]

  static let standardLimit = Duration.seconds(120)
  static let longestLimit = Duration.seconds(600)
  /// Longer output is shown in parts.
  static let longest = 100_000
  /// Characters shown of each end then.
  static let preview = 10_000

  func run(_ input: ToolInput, at hands: SandboxedHands) async throws -> ToolResult {
    let command = try input.optionalText("command")
    let restarts = try input.flag("restart")
    let milliseconds = try input.number("timeout_ms", atLeast: 1)
    guard command != nil || restarts else { throw ToolError.input("The field `command` is missing.") }
    if let command, command.utf8.contains(0) {
      throw ToolError.input("The field `command` must not contain a zero byte.")
    }
    if restarts { try await hands.restartShell() }
    guard let command else { return ToolResult(text: "The shell was restarted in /workspace.") }
    let limit = milliseconds.map { min(.milliseconds($0), Self.longestLimit) } ?? Self.standardLimit
    let (end, transcript) = try await hands.runInShell(command, limit: limit)
    return try await result(end, transcript, limit, hands)
  }

  private func result(
    _ end: Shell.End, _ transcript: Transcript, _ limit: Duration, _ hands: SandboxedHands
  ) async throws -> ToolResult {
    var text = try await shown(transcript, hands)
    var notes: [String] = []
    var isError = true
    switch end {
    case .status(let code):
      isError = code != 0
      if isError { notes.append("[exit code \(code)]") }
    case .exited(let exit):
      isError = exit != .code(0)
      notes.append("[The shell ended with exit code \(exit.shellCode). The next command starts a new one.]")
    case .timedOut:
      notes.append(
        "[The command did not end within \(limit.inMilliseconds) ms and was killed with its shell. The next "
          + "command starts a new shell in /workspace.]")
    case .stopped:
      notes.append(
        "[The workspace went over its limit of \(hands.settings.limits.workspace) bytes, or has folders that "
          + "cannot be looked into; the command was killed with its shell.]")
    }
    if hands.isFull, end != .stopped {
      notes.append(
        "[The workspace is over its limit of \(hands.settings.limits.workspace) bytes: remove files.]")
    }
    if text.isEmpty, notes.isEmpty { text = "(no output)" }
    if !text.isEmpty, !text.endsLine, !notes.isEmpty { text += "\n" }
    return ToolResult(text: text + notes.joined(separator: "\n"), isError: isError)
  }

  /// Everything, or the two ends and where the rest is.
  private func shown(_ transcript: Transcript, _ hands: SandboxedHands) async throws -> String {
    let capture = transcript.capture
    if capture.dropped == 0 {
      let text = RepairedText.of(capture.bytes)
      if text.unicodeScalars.count <= Self.longest { return text }
    }
    let head = RepairedText.of(capture.head).unicodeScalars.prefix(Self.preview)
    let end = capture.dropped == 0 ? capture.bytes.suffix(Transcript.shownEnd) : capture.tail
    let tail = RepairedText.of(end).unicodeScalars.suffix(Self.preview)
    let place = try await LongOutput.keep(transcript, hands)
    return String(String.UnicodeScalarView(head))
      + "\n[… \(capture.total) bytes in all; only the two ends are shown. \(place) …]\n"
      + String(String.UnicodeScalarView(tail))
  }
}

extension Duration {
  fileprivate var inMilliseconds: Int64 {
    components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
  }
}
