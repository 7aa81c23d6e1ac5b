import Glibc
import Processes

/// Puts output that is too long for a result into a file of the workspace.
enum LongOutput {
  static let folder = "/workspace/.errand"

  /// - Returns: a sentence that says where it is.
  static func keep(_ transcript: Transcript, _ hands: SandboxedHands) async throws -> String {
    var transcript = transcript
    guard let file = transcript.keptFile() else {
      return "The rest could not be kept: \(transcript.failure ?? "")"
    }
    lseek(file.number, 0, SEEK_SET)
    let folder = try await hands.place(folder)
    // A process of the sandbox writes the file, so a link put there leads nowhere new. Numbers go on after
    // those of earlier shells.
    let script = """
      mkdir -p -- "$1" && n=1 && while [ -e "$1/output-$n.txt" ]; do n=$((n + 1)); done &&
      cat > "$1/output-$n.txt" && printf %s "output-$n.txt"
      """
    let output = try await hands.run(
      ["/bin/bash", "--noprofile", "--norc", "-c", script, "bash", folder], input: .file(file))
    guard output.exit == .code(0) else {
      return "The rest could not be kept: \(RepairedText.of(output.stderr.bytes.prefix(300)))"
    }
    let name = "\(Self.folder)/\(output.text)"
    let isWhole = transcript.written == transcript.capture.total
    return (isWhole ? "The whole is in" : "The first \(transcript.written) bytes are in")
      + " \(name): use read with view_range, or grep."
  }
}
