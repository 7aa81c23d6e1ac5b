import JSON
import Testing

@testable import Jobs

/// Where Foundation, which has a Bundle too, is imported.
typealias JobBundle = Bundle

@Suite("Bundles")
struct BundleTests {
  @Test func `a bundle survives the way over the wire`() throws {
    let bundle = try Gallery(Gallery.files()).load()
    let arrived = try Bundle(json: JSON(parsing: bundle.json.bytes))
    #expect(arrived == bundle)
    _ = try arrived.checked(kinds: Gallery.kinds)
  }

  @Test func `a bundle made by hand is told the same, with paths in place of lines`() throws {
    let bundle = try Bundle(
      json: [
        "jobs": [
          [
            "definition": [
              "name": "b", "agent": "writter", "environment": "env_01", "input": ["message": "../p.md"],
              "triggers": [["schedule": "* * * * * * *"]],
            ], "files": ["../p.md": "aGk="],
          ]
        ], "agents": [["name": "writer", "model": "m"]], "prune": true,
      ])
    let error = #expect(throws: JobsError.self) { try bundle.checked(kinds: Gallery.kinds) }
    let lines = error?.description.split(separator: "\n").map(String.init) ?? []
    #expect(lines.count == 3)
    #expect(
      lines.first
        == #"jobs[0].definition.agent: There is no agent named "writter". Did you mean "writer"? There is: writer. Define it in agents/writter.yaml beside the job's folder."#
    )
    #expect(lines.dropFirst().first?.hasPrefix("jobs[0].definition.triggers[0].schedule: Found") == true)
    #expect(
      lines.last?.hasPrefix("jobs[0].definition.input.message: Expected a path inside the folder") == true)
  }

  @Test func `names of files cannot leave the sandbox's folder`() throws {
    let bundle = try Bundle(
      json: [
        "agents": [["name": "writer", "model": "m"]], "environments": [["name": "bench"]],
        "jobs": [
          [
            "definition": [
              "name": "b", "agent": "writer", "environment": "bench",
              "input": ["message": "p.md", "files": [["path": "log"]]],
            ], "files": ["p.md": "aGk=", "log/../../../etc/passwd": "aGk="],
          ]
        ],
      ])
    let error = #expect(throws: JobsError.self) { try bundle.checked(kinds: Gallery.kinds) }
    #expect(
      error?.description
        == #"jobs[0].definition.input.files[0].path: There is no file "log" beside job.yaml."#)
  }

  @Test(arguments: [
    ("[]", "Expected an object with the fields of a bundle, found a list."),
    (#"{"jobs": {}}"#, "jobs: Expected a list, found an object."),
    (#"{"jobs": [{}]}"#, #"jobs[0]: "definition" is missing. Add the content of job.yaml."#),
    (
      #"{"jobs": [{"definition": {}, "files": {"a b.md": "%"}}]}"#,
      #"jobs[0].files["a b.md"]: Expected the file's content in base64."#
    ),
  ])
  func `what is no bundle is refused`(text: String, sentence: String) throws {
    let error = #expect(throws: JobsError.self) { try Bundle(json: JSON(parsing: text)) }
    #expect(error?.description == sentence)
  }
}
