package import JSON

/// YAML that is no job file, such as the body of a request: read by the same rules.
package enum YAMLText {
  /// In bytes.
  package static let limit = YAMLFile.limit

  /// - Parameter name: whence it came, for problems.
  /// - Throws: `JobsError.invalid` with every problem and its place.
  package static func json(_ bytes: [UInt8], name: String) throws(JobsError) -> JSON {
    guard bytes.count <= limit else {
      throw .invalid([
        PlacedProblem(file: name, "It has \(bytes.count) bytes; YAML is read up to \(limit). Send JSON.")
      ])
    }
    let file = YAMLFile(bytes, name: name)
    guard file.problems.isEmpty else { throw .invalid(file.problems) }
    return file.json
  }
}
