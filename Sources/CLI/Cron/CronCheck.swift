import ArgumentParser
import Cron
import Primitives

/// `errand cron check`
struct CronCheck: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Say which lines of a crontab would behave differently here, and why.",
    discussion: """
      Reads a user's crontab, or with --system one with a user after the times, as in /etc/crontab. Exits with \
      \(ExitCodes.badInput.rawValue) when a line would not be read at all.

      EXAMPLES:
        crontab -l | errand cron check -
        errand cron check --system /etc/crontab
      """)

  @Argument(help: "The crontab; - is standard input.")
  var file: String
  @Flag(help: "Each line has a user between times and command.")
  var system = false

  func run() throws {
    let bytes = try InputFile.read(file == "-" ? "/dev/stdin" : file)
    let findings = Crontab(
      bytes, hasUsers: system || file == "/etc/crontab", now: Time.system.now().seconds
    ).findings
    for finding in findings {
      Say.output("\(file):\(finding.line): \(finding.kind.rawValue): \(finding.message)")
    }
    let refused = findings.count { $0.kind == .refused }
    let differing = Set(findings.filter { $0.kind != .odd }.map(\.line)).count
    Say.notice(
      differing == 0
        ? "Every line would behave the same here."
        : "\(differing == 1 ? "1 line" : "\(differing) lines") would behave differently, of which \(refused) would be refused."
    )
    if refused > 0 { throw ExitCode(ExitCodes.badInput.rawValue) }
  }
}
