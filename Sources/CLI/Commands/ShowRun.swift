import ArgumentParser
import JSON
import Primitives

/// `errand show`
struct ShowRun: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Tell the whole story of a run, or what anything else with an id is.",
    discussion: """
      Of a run, everything from what fired it to what was delivered. Of a firing, a delivery, a receipt, a session, a \
      file, an agent, an environment or a job, what it is and where to read on.

      EXAMPLES:
        errand show run_01kq3v5m9x
        errand show run_01kq3v5m9x --json | jq '.evaluations[].criteria'
        errand show drun_01kq3v5m9x
        errand show 5m9x               by the end of its id, when no other ends so
        errand show daily-brief
      """)

  @Argument(help: "An id, the end of one, or a job's name.")
  var id: String
  @Flag(help: "Print the API's JSON, one document, and nothing else.")
  var json = false
  @OptionGroup var server: ServerOptions

  func run() async throws {
    let server = try server.server()
    let id = try await server.whole(id, orJob: true)
    let kind = ThingKind(id: id)
    if kind.teller != nil {
      throw Complaint.wrongThing(id: id, kind: kind, wanted: "anything that is told by itself")
    }
    let thing = try await server.get(["v1"] + kind.path(id))
    let now = Time.system.now()
    if json {
      Say.output(thing.shownText)
    } else if kind == .run {
      Say.output(RunStory(run: thing, terminal: .output, now: now).lines.joined(separator: "\n"))
    } else {
      let why = kind == .receipt ? thing : try await server.get(["v1", "why", id])
      let story = ThingStory(kind: kind, id: id, thing: thing, why: why, terminal: .output, now: now)
      Say.output(story.lines.joined(separator: "\n"))
    }
  }
}
