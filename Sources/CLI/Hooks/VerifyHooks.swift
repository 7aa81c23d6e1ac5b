import ArgumentParser
import Hooks
import JSON
import Signatures

/// `errand hooks verify`
struct VerifyHooks: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Judge signed requests, as the sources do.",
    discussion: """
      Reads one JSON object a line from standard input, with scheme, secret, headers, body_base64 and now_unix (the \
      clock to judge by), and answers each with a line {"verdict": "accept" or "reject", "reason": "…"}, in order.

      The schemes are \(SchemeName.allCases.map(\.rawValue).joined(separator: ", ")).

      EXAMPLES:
        errand hooks verify --batch < cases.jsonl
      """)

  @Flag(help: "Read cases from standard input, one a line.")
  var batch = false

  func validate() throws {
    guard batch else { throw ValidationError("Say --batch, and give the cases on standard input.") }
  }

  func run() async throws {
    var lines = InputLines()
    var answers: [UInt8] = []
    while let line = try lines.next() {
      if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
      answers += SignatureCase.judge(line).shownLine.utf8
      answers.append(0x0A)
      // Whoever sends one case at a time waits for its answer.
      if answers.count >= 64 << 10 || !lines.hasMore {
        Say.output(bytes: answers)
        answers.removeAll(keepingCapacity: true)
      }
    }
    Say.output(bytes: answers)
  }
}
