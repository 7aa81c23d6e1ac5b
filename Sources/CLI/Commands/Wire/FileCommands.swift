import ArgumentParser
import Glibc
import HTTPClient
import JSON
import Primitives

/// `errand files list`
struct ListFiles: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List files, the newest first. This is what `errand files` does.",
    discussion: """
      EXAMPLES:
        errand files --session sesn_01kq3v5m9x
        errand files --json | jq -r '.data[].filename'
      """)

  @Option(help: "Only what this session made.")
  var session: String?
  @OptionGroup var list: ListOptions
  @OptionGroup var server: ServerOptions

  func run() async throws {
    let server = try server.server()
    var session = session
    if let given = session { session = try await server.whole(given, .session) }
    let answer = try await server.list(
      ["v1", "files"], [("scope_id", session)], limit: list.limit, page: 1000)
    // Nothing is listed under a session that there never was.
    if let session, answer["data"]?.arrayValue?.isEmpty == true {
      _ = try await server.get(["v1", "sessions", session])
    }
    let now = Time.system.now()
    ListOutput.show(
      answer, as: list, FileResource.columns, things: "files",
      nothing: session == nil ? "There are no files." : "The session has no files."
    ) { FileResource.cells($0, now: now) }
  }
}

/// `errand files create`
struct CreateFile: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Upload a file, and print what was made.",
    discussion: """
      EXAMPLES:
        errand files create report.csv
        errand files create - --name notes.txt < notes.txt
      """)
  /// The most bytes that the API takes.
  private static let limit = 500 << 20

  @Argument(help: "The file; - is standard input.")
  var path: String
  @Option(help: "Its name on the server; by default the last part of the path.")
  var name: String?
  @OptionGroup var server: ServerOptions

  func run() async throws {
    let content = try BodyFile.bytes(path, upTo: CreateFile.limit)
    let name = name ?? (path == "-" ? "stdin" : (path.split(separator: "/").last.map(String.init) ?? path))
    let boundary = Hex.encode(Randomness.system.bytes(16))
    Say.output(
      try await server.server().post(
        ["v1", "files"], CreateFile.form(name, content, boundary: boundary),
        type: "multipart/form-data; boundary=\(boundary)"
      ).shownText)
  }

  /// A form with one file (RFC 7578), of which the server tells the type by its name.
  static func form(_ name: String, _ content: [UInt8], boundary: String) -> [UInt8] {
    // Code point by code point: with an accent behind it a quotation mark is another character for Swift.
    let safe = String(
      String.UnicodeScalarView(
        name.unicodeScalars.map { scalar in
          scalar == "\"" || scalar == "\\" || scalar.properties.generalCategory == .control ? "_" : scalar
        }))
    let head =
      "--\(boundary)\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\(safe)\"\r\n\r\n"
    return Array(head.utf8) + content + Array("\r\n--\(boundary)--\r\n".utf8)
  }
}

/// `errand files download`
struct DownloadFile: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "download", abstract: "Write a file's bytes to standard output, or to a file.",
    discussion: """
      EXAMPLES:
        errand files download file_01kq3v5m9x > report.csv
        errand files download file_01kq3v5m9x --to report.csv
      """)

  @Argument(help: "The file's id, or its end.")
  var id: String
  @Option(help: "Where to write it; by default to standard output.")
  var to: String?
  @OptionGroup var server: ServerOptions

  func run() async throws {
    let server = try server.server()
    let (id, to) = (try await server.whole(id, .file), to)
    // Ctrl-C takes away what is there so far.
    try await Interrupts.end {
      var target = try DownloadTarget(to)
      for try await chunk in try await server.bytes(["v1", "files", id, "content"]) {
        try target.write(chunk)
      }
      try target.finish()
    }
  }
}

/// `errand agents versions`
struct ListVersions: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "versions", abstract: "List the versions of an agent, the newest first.",
    discussion: """
      EXAMPLES:
        errand agents versions agent_01kq3v5m9x
      """)

  @Argument(help: "The agent's id, or its end.")
  var id: String
  @OptionGroup var list: ListOptions
  @OptionGroup var server: ServerOptions

  func run() async throws {
    let server = try server.server()
    let id = try await server.whole(id, .agent)
    let answer = try await server.list(["v1", "agents", id, "versions"], limit: list.limit)
    let now = Time.system.now()
    ListOutput.show(
      answer, as: list, AgentResource.columns, things: "versions", nothing: "There are no versions."
    ) { AgentResource.cells($0, now: now) }
  }
}
