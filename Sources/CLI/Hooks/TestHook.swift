import ArgumentParser
import Hooks
import Integrations
import JSON
import Jobs
import Primitives
import Service

/// `errand hooks test`
struct TestHook: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test", abstract: "Show what a recorded webhook would start, and start nothing.",
    discussion: """
      FILE is a body as it came. Its headers stand beside it, in a file of the same name that ends in .headers, or \
      are given with --header. The signature is not looked at, so no secret is needed.

      EXAMPLES:
        errand hooks test issue.json --source github
        errand hooks test a.json --source desk --header "webhook-id: 1" --jobs Jobs
      """)

  @Argument(help: "The file with the request's body.")
  var file: String

  @Option(help: "The source that it comes to.")
  var source: String

  @Option(help: "The folder of jobs, or of one job.")
  var jobs = "Jobs"

  @Option(name: .customLong("header"), help: "A header, “Name: value”; may be given several times.")
  var headers: [String] = []

  @Flag(help: "Print JSON and nothing else.")
  var json = false

  func run() async throws {
    let request = try RecordedRequest.load(file, headers: headers)
    let (jobs, sources) = try JobFolder.load(jobs, kinds: ErrandService.kinds)
      .preview(kinds: ErrandService.kinds)
    let source = try HookPreview.source(named: source, in: sources)
    let missing = HookPreview.headersMissing(in: request, for: source, among: Integrations.sources)
    if let first = missing.first {
      let names = missing.count == 1 ? "header \(first)" : "headers \(missing.joined(separator: " and "))"
      throw Complaint.badHook(
        "\(file) comes without the \(names), which a source of kind \(source.kind) reads. Give --header '\(first): …', "
          + "or write it into a file of the same name that ends in .headers.")
    }
    let preview: HookPreview
    do {
      preview = try HookPreview(
        request, source: source, among: Integrations.sources, jobs: jobs, now: Time.system.now(),
        secrets: Secrets(environment: ProcessEnvironment.all))
    } catch let refusal as HookRefusal {
      throw Complaint.badHook(refusal.description)
    }
    if json {
      Say.output(preview.json.shownText)
    } else {
      Say.output(lines(preview).joined(separator: "\n"))
    }
  }

  private func lines(_ preview: HookPreview) -> [String] {
    let terminal = Terminal.output
    guard let reading = preview.reading else {
      return ["The source \(source) would answer this by itself; it starts nothing."]
    }
    let actor = reading.actor
    var lines = [
      "\(reading.type ?? "an event without a type") from \(actor.name), lane \(actor.lane.rawValue)".onOneLine
    ]
    if preview.lines.isEmpty { lines.append("No job listens to \(source).") }
    for line in preview.lines {
      lines.append("")
      guard line.starts else {
        lines.append("\(terminal.paint("does not start", .quiet))  \(line.job)")
        lines.append("  \((line.reason ?? "").onOneLine)")
        continue
      }
      lines.append("\(terminal.paint("starts", .good))  \(line.job)")
      if let key = line.key { lines.append("  key \(key.onOneLine)") }
      lines.append("  prompt:")
      lines += (line.prompt ?? "").safeLines.map { "    \($0)" }
    }
    return lines
  }
}
