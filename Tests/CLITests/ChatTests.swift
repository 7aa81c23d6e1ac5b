import Foundation
import JSON
import Processes
import Testing

@testable import CLI

/// A talk with a session from the terminal: the program, a real server and sandbox, and a model that answers what
/// the test says.
@Suite(.timeLimit(.minutes(5))) struct ChatTests {
  @Test func `messages are answered, a tool waits for the approval, and a denial has its reason`()
    async throws
  {
    try await Served.with { served in
      let (agent, environment) = try await served.prepared(policy: "always_ask")
      let session = try await served.made("sessions", "agent: \(agent)\nenvironment_id: \(environment)\n")
      let id = try #require(session["id"]?.stringValue)
      let talk = try await served.errand(
        "sessions", "chat", id, input: "hello\n\nrun: echo from the sandbox\ny\nrun: echo again\nnot now\n")
      #expect(talk.exit == .code(0), "\(talk.errorText)")
      let text = talk.text
      #expect(text.contains("You said hello"), "\(text)")
      #expect(text.contains("It said: from the sandbox"), "\(text)")
      #expect(text.contains("not now"), "\(text)")
      #expect(!text.contains("It said: again"), "\(text)")
      #expect(
        talk.errorText == """
          bash wants to run with {"command":"echo from the sandbox"}
          bash wants to run with {"command":"echo again"}

          """)
      // Each thing is told once.
      #expect(text.components(separatedBy: "You said hello").count == 2, "\(text)")
      let after = try await served.errand("sessions", "get", id)
      #expect(try JSON(parsing: after.text)["status"] == "idle")
    }
  }

  @Test func `who comes back to a session that waits is asked at once`() async throws {
    try await Served.with { served in
      let (agent, environment) = try await served.prepared(policy: "always_ask")
      let session = try await served.made("sessions", "agent: \(agent)\nenvironment_id: \(environment)\n")
      let id = try #require(session["id"]?.stringValue)
      let left = try await served.errand("sessions", "chat", id, input: "run: echo from the sandbox\n")
      #expect(left.exit == .code(0))
      #expect(left.errorText == "bash wants to run with {\"command\":\"echo from the sandbox\"}\n")
      #expect(!left.text.contains("It said"))
      let back = try await served.errand("sessions", "chat", id, input: "yes\n")
      #expect(back.errorText == left.errorText)
      #expect(back.text.contains("It said: from the sandbox"), "\(back.text)")
      #expect(!back.text.contains("echo from the sandbox"), "\(back.text)")
      #expect(try await served.errand("sessions", "chat", "sesn_none", input: "hello\n").exit == .code(66))
    }
  }
}
