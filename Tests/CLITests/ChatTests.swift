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
      let question = "bash wants to run with {\"command\":\"echo from the sandbox\"}\n"
      #expect(left.exit == .code(1))
      #expect(
        left.errorText == question
          + "error: The session waits for an answer; go on with `errand sessions chat \(id)`.\n")
      #expect(!left.text.contains("It said"))
      let back = try await served.errand("sessions", "chat", id, input: "yes\n")
      #expect(back.exit == .code(0))
      #expect(back.errorText == question)
      #expect(back.text.contains("It said: from the sandbox"), "\(back.text)")
      #expect(!back.text.contains("echo from the sandbox"), "\(back.text)")
      #expect(try await served.errand("sessions", "chat", "sesn_none", input: "hello\n").exit == .code(66))
    }
  }

  @Test func `a custom tool is asked for its result, not for an approval`() async throws {
    try await Served.with { served in
      let agent = try await served.made(
        "agents",
        """
        name: Helper
        model: m
        tools:
          - type: custom
            name: ask
            description: What a person knows.
            input_schema: {type: object, properties: {command: {type: string}}}
        """)
      let environment = try await served.made("environments", "name: bench\nconfig: {type: cloud}\n")
      let session = try await served.made(
        "sessions",
        "agent: \(agent["id"]?.stringValue ?? "")\nenvironment_id: \(environment["id"]?.stringValue ?? "")\n")
      let id = try #require(session["id"]?.stringValue)
      let talk = try await served.errand("sessions", "chat", id, input: "ask: how many\ny, 42 of them\n")
      #expect(talk.exit == .code(0), "\(talk.errorText)")
      #expect(
        talk.errorText == "ask is called with {\"command\":\"how many\"}, and waits for its result\n")
      #expect(talk.text.contains("It said: y, 42 of them"), "\(talk.text)")
    }
  }

  @Test func `Ctrl-C stops the agent while it works, and the talk goes on`() async throws {
    try await Served.with { served in
      let (agent, environment) = try await served.prepared(policy: "always_allow")
      let session = try await served.made("sessions", "agent: \(agent)\nenvironment_id: \(environment)\n")
      let id = try #require(session["id"]?.stringValue)
      let (input, output) = (Foundation.Pipe(), Foundation.Pipe())
      let talk = try served.start("sessions", "chat", id, input: input, output: output)
      try input.fileHandleForWriting.write(contentsOf: Data("run: sleep 300\n".utf8))
      while try await !served.errand("logs", id).text.contains("bash") {
        try await Task.sleep(for: .milliseconds(50))
      }
      // Somebody else who comes meanwhile is told that the agent works.
      let other = try await served.errand("sessions", "chat", id)
      #expect(
        other.errorText
          == "The agent works. What you write waits until it is done; `errand sessions interrupt \(id)` stops it.\n"
      )
      talk.interrupt()
      while try await JSON(parsing: served.errand("sessions", "get", id).text)["status"] != "idle" {
        try await Task.sleep(for: .milliseconds(50))
      }
      try input.fileHandleForWriting.write(contentsOf: Data("hello\n".utf8))
      try input.fileHandleForWriting.close()
      let told = try #require(try output.fileHandleForReading.readToEnd())
      talk.waitUntilExit()
      #expect(talk.terminationReason == .exit && talk.terminationStatus == 0)
      #expect(String(decoding: told, as: UTF8.self).contains("You said hello"))
    }
  }
}
