import Catalog
package import JSON
import Jobs

/// A job file in few words.
package struct JobDefinition: Sendable {
  package var definition: JSON
  package var files: [String: [UInt8]]
  package var rehearsal: JSON?

  /// - Parameters:
  ///   - triggers: as in the file.
  ///   - more: further members of the file, such as `limits`.
  package init(
    _ name: String = "job", message: String = "Do it.", triggers: [JSON] = [], and more: JSON.Object = [:],
    files: [String: String] = [:], rehearsal: JSON? = nil
  ) {
    var object: JSON.Object = [
      "name": .string(name), "agent": "tester", "environment": "bench", "triggers": .array(triggers),
    ]
    var input: JSON.Object = ["message": "prompt.md"]
    if !files.isEmpty {
      input["files"] = .array(files.keys.sorted().map { ["path": .string($0)] })
    }
    object["input"] = .object(input)
    for (key, value) in more { object[key] = value }
    definition = .object(object)
    self.files = files.mapValues { Array($0.utf8) }
    self.files["prompt.md"] = Array(message.utf8)
    if more["outcome"] != nil { self.files["rubric.md"] = Array("It is good.".utf8) }
    self.rehearsal = rehearsal
  }

  /// An outcome of the given number of iterations.
  package static func outcome(_ iterations: Int = 3) -> JSON {
    ["description": "A good thing.", "rubric": "rubric.md", "max_iterations": .integer(Int64(iterations))]
  }

  var entry: Bundle.Entry { Bundle.Entry(definition: definition, files: files, rehearsal: rehearsal) }
}
