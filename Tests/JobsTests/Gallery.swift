import Foundation
import JSON
import Reading

@testable import Jobs

/// Folders of job files for tests, each under a directory of its own.
final class Gallery: Sendable {
  let path: String

  init(_ files: [String: String]) throws {
    path = "/tmp/errand-jobs-\(UUID().uuidString)"
    for (name, text) in files { try write(name, text) }
  }

  deinit {
    // Nothing depends on it; /tmp is emptied anyway.
    try? FileManager.default.removeItem(atPath: path)
  }

  func write(_ name: String, _ text: String) throws {
    let file = URL(fileURLWithPath: "\(path)/\(name)")
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }

  func link(_ name: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(atPath: "\(path)/\(name)", withDestinationPath: target)
  }

  func load(_ folder: String = "", kinds: Kinds? = Gallery.kinds, secrets: Secrets? = nil) throws(JobsError)
    -> JobBundle
  {
    // The folder goes with this object, which may end after the last use of its path.
    defer { withExtendedLifetime(self) {} }
    return try JobFolder.load(path + folder, kinds: kinds, secrets: secrets)
  }

  /// What `load` complains about, with the gallery's own path left out.
  func problems(_ folder: String = "", kinds: Kinds? = Gallery.kinds, secrets: Secrets? = nil) -> [String] {
    do throws(JobsError) {
      _ = try load(folder, kinds: kinds, secrets: secrets)
      return []
    } catch {
      return error.description.split(separator: "\n").map {
        $0.replacingOccurrences(of: path + "/", with: "")
      }
    }
  }

  /// A small right gallery; `job` replaces its job.yaml.
  static func files(job: String = Gallery.job) -> [String: String] {
    [
      "agents/writer.yaml": "model: m\n", "environments/bench.yaml": "description: d\n",
      "sources/desk.yaml": "kind: generic\nsecret: ${env:DESK_SECRET}\n", "brief/job.yaml": job,
      "brief/prompt.md": "Write it. {{job.name}}\n", "brief/rubric.md": "Good.\n",
      "brief/log/a.txt": "a", "brief/log/deep/b.txt": "b",
    ]
  }

  static let job = """
    name: brief
    agent: writer
    environment: bench
    triggers:
      - schedule: "0 7 * * MON-FRI"
        timezone: Europe/London
      - webhook: desk
        name: asked
    input:
      message: prompt.md
      files: [{path: log, mount: /mnt/session/uploads/log}]
    outcome:
      description: A brief.
      rubric: rubric.md
      checks: [{name: there, run: "test -f brief.md"}]
      max_iterations: 5
    limits: {timeout: 30m, deadline: 2h, attempts: 3, concurrency: 1}
    callbacks:
      - directory: {path: "${env:BRIEFS_DIR}"}
      - webhook: {url: "${env:CALLBACK_URL}", secret: "${env:CALLBACK_SECRET}", states: [succeeded, failed]}

    """

  static let kinds = Kinds(
    sources: [KindShape(name: "generic", fields: [FieldShape("secret", .secret, isRequired: true)])],
    callbacks: [
      KindShape(name: "directory", fields: [FieldShape("path", .text, isRequired: true)]),
      KindShape(
        name: "webhook",
        fields: [
          FieldShape("url", .text, isRequired: true), FieldShape("secret", .secret, isRequired: true),
          FieldShape("patience", .duration), FieldShape("tries", .whole(1...9)),
        ],
        check: { settings in
          var problems: [Problem] = []
          if settings["tries"] == 9 { problems.append(Problem(.root, "Nine tries are bad luck.")) }
          if settings["url"] == "nowhere" {
            problems.append(Problem(FieldPath.root.key("url"), "Expected an address."))
          }
          return problems
        }),
    ])
}
