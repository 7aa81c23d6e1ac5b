import Catalog
import Primitives
import Reading

/// An upload while its form is read: the file goes to the store as it comes.
struct Upload {
  /// How long a file may be kept, in seconds.
  static let expiry = 3600...7_776_000
  /// The most bytes of a file.
  static let sizeLimit: Int64 = 500 << 20

  struct Received {
    var content: Content
    var filename: String
    var mimeType: String?
    /// Seconds from now.
    var expiresIn: Int?
  }

  private enum Part { case file, expiry }

  private let files: Files
  private var reader: MultipartReader
  private var part: Part?
  private var intake: Intake?
  private var size: Int64 = 0
  private var head: MultipartReader.Head?
  private var content: Content?
  private var expiryText: [UInt8] = []
  private var seen: Set<String> = []

  /// - Throws: `APIError.invalid`.
  init(contentType: String?, into files: Files) throws {
    reader = try MultipartReader(contentType: contentType)
    self.files = files
  }

  /// - Throws: `APIError.invalid`, `FilesError`.
  mutating func take(_ bytes: ArraySlice<UInt8>) throws {
    for token in try reader.read(bytes) {
      switch token {
      case .head(let head): try begin(head)
      case .bytes(let bytes): try take(bytes, of: part)
      case .end: try end()
      }
    }
  }

  /// - Throws: `APIError.invalid` when something is missing.
  func finish() throws -> Received {
    try reader.finish()
    guard let content, let head else {
      throw APIError.invalid("The form has no part named \"file\".")
    }
    return Received(
      content: content, filename: try Upload.name(of: head),
      mimeType: head.contentType.flatMap(Upload.mimeType), expiresIn: try expiresIn())
  }

  private mutating func begin(_ head: MultipartReader.Head) throws {
    guard seen.insert(head.name).inserted else {
      throw APIError.invalid("\(head.name): The form has this part twice.")
    }
    switch head.name {
    case "file":
      _ = try Upload.name(of: head)
      self.head = head
      intake = try files.intake()
      part = .file
    case "expires_in_seconds": part = .expiry
    default:
      throw APIError.invalid(
        "\(head.name): There is no such field. The fields are file and expires_in_seconds.")
    }
  }

  private mutating func take(_ bytes: ArraySlice<UInt8>, of part: Part?) throws {
    switch part {
    case .file:
      size += Int64(bytes.count)
      guard size <= Upload.sizeLimit else {
        throw APIError.tooLarge("A file can have \(Upload.sizeLimit) bytes at most.")
      }
      try intake?.take(bytes)
    case .expiry:
      expiryText += bytes
      if expiryText.count > 32 { throw APIError.invalid("expires_in_seconds: Expected a whole number.") }
    case nil: break
    }
  }

  private mutating func end() throws {
    if case .file = part { content = try intake?.finish() }
    intake = nil
    part = nil
  }

  private func expiresIn() throws -> Int? {
    guard seen.contains("expires_in_seconds") else { return nil }
    let text = String(decoding: expiryText, as: UTF8.self)
    guard let seconds = Int(text), Upload.expiry.contains(seconds) else {
      throw APIError.invalid(
        "expires_in_seconds: Expected a whole number from \(Upload.expiry.lowerBound) to "
          + "\(Upload.expiry.upperBound), found \(quoted(text)).")
    }
    return seconds
  }

  /// The last component of what the client called it; when it is empty, `unnamed` with the ending of its type.
  private static func name(of head: MultipartReader.Head) throws -> String {
    let name = lastComponent(head.filename ?? "")
    if name.isEmpty { return "unnamed" + (head.contentType.flatMap(File.ending(ofType:)) ?? "") }
    let isPlain = name.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
    guard (1...255).contains(name.unicodeScalars.count), isPlain, name != ".", name != ".." else {
      throw APIError.invalid(
        "file: Expected a filename of 1 to 255 printable characters, found \(quoted(name)).")
    }
    return name
  }

  private static func lastComponent(_ path: String) -> String {
    let parts = path.unicodeScalars.split(omittingEmptySubsequences: false) { $0 == "/" || $0 == "\\" }
    return parts.last.map { String($0) } ?? ""
  }

  /// What can stand in a header again; nil for anything else, and the name decides then.
  private static func mimeType(_ given: String) -> String? {
    let isPlain = given.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
    return isPlain && given.utf8.count <= 255 && given.contains("/") ? given : nil
  }
}
