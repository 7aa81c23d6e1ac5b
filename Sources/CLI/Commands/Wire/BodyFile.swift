import ArgumentParser
import FileSystem
import Glibc
import JSON
import Jobs
import Primitives

/// Where a command finds the body that it sends.
struct BodyOptions: ParsableArguments {
  @Argument(help: "A file with the body as the API takes it, in YAML or JSON; - is standard input.")
  var body: String?
  @Option(help: "The same, as an option. Without either, the body comes from standard input.")
  var file: String?

  func validate() throws {
    guard body == nil || file == nil else {
      throw ValidationError("The body is named twice: \(body ?? "") and --file \(file ?? ""). Give one.")
    }
  }

  /// - Throws: `Complaint`.
  func read() throws(Complaint) -> JSON {
    if let notice = notice(isTyped: Say.hasReader) { Say.notice(notice) }
    return try BodyFile.read(path)
  }

  private var path: String { file ?? body ?? "-" }

  /// What somebody is told who would wait for something to happen.
  /// - Parameter isTyped: whether standard input is a terminal.
  func notice(isTyped: Bool) -> String? {
    path == "-" && isTyped ? "The body is read from standard input. Ctrl-D ends it." : nil
  }
}

/// A body from a file or from standard input.
enum BodyFile {
  /// The most bytes that the API takes.
  private static let limit = 32 << 20

  /// JSON or YAML; whichever it is shows by itself.
  static func read(_ path: String) throws(Complaint) -> JSON {
    let name = path == "-" ? "standard input" : path
    let bytes = FileText.withoutMark(try bytes(path, upTo: limit))
    if let problem = FileText.encoding(bytes) { throw .badBody("\(name): \(problem)") }
    let json = try parsed(bytes, name: name)
    guard json.objectValue != nil else {
      throw .badBody("\(name): Expected an object with the fields of the body, such as “name: Helper”.")
    }
    return json
  }

  /// Every JSON text is nearly YAML, but what YAML would say of a broken one helps nobody.
  private static func parsed(_ bytes: [UInt8], name: String) throws(Complaint) -> JSON {
    let problem: String
    do {
      return try JSON(parsing: bytes, limits: .exact)
    } catch {
      problem = "\(name) is not JSON: \(error)"
    }
    if name.hasSuffix(".json") { throw .badBody(problem) }
    do {
      return try YAMLText.json(bytes, name: name)
    } catch {
      let first = bytes.first { !" \t\r\n".utf8.contains($0) }
      throw .badBody(first == UInt8(ascii: "{") ? problem : "\(error)")
    }
  }

  /// - Throws: `Complaint.unreadable`, `.badBody`.
  static func bytes(_ path: String, upTo limit: Int) throws(Complaint) -> [UInt8] {
    let name = path == "-" ? "standard input" : path
    let descriptor = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw .unreadable(path: name, reason: String(cString: strerror(errno)))
    }
    defer { close(descriptor) }
    do throws(FileFault) {
      return try FileBytes.all(descriptor, limit: limit)
    } catch .tooLong {
      throw .badBody("\(name): It has more than \(limit) bytes.")
    } catch {
      throw .unreadable(path: name, reason: error.description)
    }
  }
}
