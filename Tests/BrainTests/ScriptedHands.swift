import Glibc
import JSON
import Primitives

@testable import Sessions

/// Hands whose `bash` answers with its command, whose `write` makes a deliverable, and which count every call.
/// They outlive the process: what was written is there for the next one.
final class ScriptedHands: Hands {
  private struct State {
    var calls: [String] = []
    var files: [String: String] = [:]
    var checks: [String: [CheckResult]] = [:]
    var copies = ""
    var copied = 0
  }
  private let state = Lock(State())
  /// Raised when the command `hang` starts, or a check `hang`.
  let beganHanging = Flag()
  /// Raised when two commands `meet` have started.
  private let met = Flag()
  private let meeting = Lock(0)
  let broken: String?
  /// What the command `flood` prints: far more than a small window holds.
  static let flood = "The flood begins" + String(repeating: " and rises", count: 10_000) + " and ends."

  init(broken: String? = nil, checks: [String: [Int32]] = [:]) {
    self.broken = broken
    state.withLock {
      $0.checks = checks.mapValues { $0.map { CheckResult(exitCode: $0, tail: $0 == 0 ? "" : "no heading") } }
    }
  }

  /// Every call in order: the command, `write path`, or `check line`.
  var calls: [String] { state.withLock { $0.calls } }
  var copies: String {
    get { state.withLock { $0.copies } }
    set {
      mkdir(newValue, 0o700)
      state.withLock { $0.copies = newValue }
    }
  }

  /// Whether some file holds the text.
  func wrote(_ text: String) -> Bool {
    state.withLock { $0.files.values.contains { $0.contains(text) } }
  }

  struct Broken: Error, CustomStringConvertible {
    let description: String
  }

  func execute(_ name: String, _ input: JSON) async throws -> ToolResult {
    if let broken { throw Broken(description: broken) }
    if name == "write" {
      let path = input["file_path"]?.stringValue ?? ""
      state.withLock {
        $0.calls.append("write \(path)")
        $0.files[path] = input["content"]?.stringValue ?? ""
      }
      return ToolResult(text: "Written.")
    }
    let command = input["command"]?.stringValue ?? ""
    state.withLock { $0.calls.append(command) }
    switch command {
    case "hang":
      beganHanging.raise()
      try await Task.sleep(for: .seconds(3600))
    case "flood":
      return ToolResult(text: ScriptedHands.flood)
    case "meet":
      let count = meeting.withLock { count -> Int in
        count += 1
        return count
      }
      if count == 2 { met.raise() }
      await met.wait()
    default: break
    }
    return ToolResult(text: "ran \(command)")
  }

  func check(_ command: String, limit: Duration) async throws -> CheckResult {
    if let broken { throw Broken(description: broken) }
    let result = state.withLock { state -> CheckResult? in
      state.calls.append("check \(command)")
      guard var results = state.checks[command], !results.isEmpty else { return nil }
      let result = results.removeFirst()
      // The last one stays.
      if !results.isEmpty { state.checks[command] = results }
      return result
    }
    if command == "hang" {
      beganHanging.raise()
      try await Task.sleep(for: .seconds(3600))
    }
    if command.hasPrefix("has ") {
      let text = String(command.dropFirst(4))
      let found = wrote(text)
      return CheckResult(exitCode: found ? 0 : 1, tail: found ? "" : "no \(text)")
    }
    return result ?? CheckResult(exitCode: 0, tail: "")
  }

  func collect() async throws -> [OutputFile] {
    if let broken { throw Broken(description: broken) }
    return try state.withLock { state in
      try state.files.sorted { $0.key < $1.key }.map { path, content in
        state.copied += 1
        let copy = "\(state.copies)/\(state.copied)"
        guard let file = fopen(copy, "w") else { throw Broken(description: "no copy") }
        fputs(content, file)
        fclose(file)
        return OutputFile(path: path, size: Int64(content.utf8.count), copy: copy)
      }
    }
  }

  func end() async {}
}

struct ScriptedProvider: HandsProvider {
  static let tools = ["bash", "read", "write", "edit", "glob", "grep"].map {
    ToolDefinition(name: $0, description: "What \($0) does.", schema: ["type": "object"])
  }

  let hands: ScriptedHands
  var tools: [ToolDefinition] { Self.tools }
  func hands(for workplace: Workplace) throws -> any Hands { hands }
  func endLeftovers(session: String, removingWorkspace: Bool) async {}
}
