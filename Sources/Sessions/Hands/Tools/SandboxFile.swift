import Processes

/// Reading and writing of files as processes of the sandbox do it, so that no path and no symbolic link
/// can lead anywhere a process of the agent could not go.
struct SandboxFile: Sendable {
  let hands: SandboxedHands
  /// As the agent wrote it.
  let path: String

  // Exit codes of the scripts below, outside of those that programs use.
  private static let missing: Int32 = 81
  private static let folder: Int32 = 82
  private static let notRegular: Int32 = 83
  private static let forbidden: Int32 = 84
  private static let noFolder: Int32 = 85

  private static let checks = """
    [ -e "$1" ] || [ -L "$1" ] || exit 81
    [ -d "$1" ] && exit 82
    [ -e "$1" ] || exit 81
    [ -f "$1" ] || exit 83
    [ -r "$1" ] || exit 84

    """

  /// At most `limit` bytes from the beginning, and whether there are more.
  func read(atMost limit: Int) async throws -> (bytes: [UInt8], isCut: Bool) {
    let output = try await run(
      Self.checks + #"exec head -c "$2" -- "$1""#, "\(limit + 1)", outputLimit: limit + 1)
    let bytes = output.stdout.bytes
    return (Array(bytes.prefix(limit)), bytes.count > limit)
  }

  /// Lines `first` to `last`, counted from 1; nil is the end.
  func lines(_ first: Int, _ last: Int?, atMost limit: Int) async throws -> (bytes: [UInt8], isCut: Bool) {
    let wanted = last.map { "\(first),\($0)p;\($0)q" } ?? "\(first),$p"
    let output = try await run(
      Self.checks + #"exec sed -n -e "$2" -- "$1" | head -c "$3""#, wanted, "\(limit + 1)",
      outputLimit: limit + 1)
    let bytes = output.stdout.bytes
    return (Array(bytes.prefix(limit)), bytes.count > limit)
  }

  /// Overwrites, or makes the file and the folders above it. The content goes through a pipe.
  func write(_ content: [UInt8]) async throws {
    _ = try await run(
      """
      [ -d "$1" ] && exit 82
      [ ! -e "$1" ] || [ -f "$1" ] || exit 83
      case $1 in */*) mkdir -p -- "${1%/*}/" || exit 85 ;; esac
      exec cat > "$1"
      """, input: .bytes(content))
  }

  private func run(
    _ script: String, _ arguments: String..., input: Command.Input = .none, outputLimit: Int = 4096
  ) async throws -> Command.Output {
    let place = try await hands.place(path)
    let output = try await hands.run(
      ["/bin/bash", "--noprofile", "--norc", "-c", script, "bash", place] + arguments, input: input
    ) { $0.outputLimit = outputLimit }
    if output.timedOut { throw ToolError.timedOut(path: path) }
    switch output.exit {
    case .code(0): return output
    case .code(Self.missing): throw ToolError.missing(path: path)
    case .code(Self.folder): throw ToolError.isFolder(path: path)
    case .code(Self.notRegular): throw ToolError.notRegular(path: path)
    case .code(Self.forbidden): throw ToolError.forbidden(path: path)
    case .code(Self.noFolder):
      throw ToolError.failed(path: path, detail: "its directory cannot be made: \(reason(output))")
    default: throw ToolError.failed(path: path, detail: reason(output))
    }
  }

  /// What the program said last, without its own name before it.
  private func reason(_ output: Command.Output) -> String {
    let lines = RepairedText.of(output.stderr.bytes).split(whereSeparator: \.isNewline)
    guard let last = lines.last else { return "it failed with exit code \(output.exit.shellCode)." }
    return String(last.split(separator: ": ").last ?? last) + "."
  }
}
