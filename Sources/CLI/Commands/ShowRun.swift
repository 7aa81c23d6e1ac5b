import ArgumentParser
import JSON
import Primitives

/// `errand show`
struct ShowRun: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Tell the whole story of a run, from what fired it to what was delivered.",
    discussion: """
      EXAMPLES:
        errand show run_01kq3v5m9x
        errand show run_01kq3v5m9x --json | jq '.evaluations[].criteria'
      """)

  @Argument(help: "The run's id.")
  var id: String
  @Flag(help: "Print the API's JSON, one document, and nothing else.")
  var json = false
  @OptionGroup var server: ServerOptions

  func run() async throws {
    let run = try await server.server().get(["v1", "runs", id])
    if json {
      Say.output(run.prettyText)
    } else {
      let story = RunStory(run: run, terminal: .output, now: Time.system.now())
      Say.output(story.lines.joined(separator: "\n"))
    }
  }
}
