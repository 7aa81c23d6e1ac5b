import FileSystem
import Glibc
import Hooks
import Primitives
import Signatures

/// A webhook as it was recorded: a file with the body's exact bytes, and beside it one with the headers, of the
/// same name but ending in `.headers`: a request line, which may be missing, then `Name: value` lines.
enum RecordedRequest {
  static let limit = 32 << 20

  /// - Parameter headers: `Name: value`, in place of those in the file.
  /// - Throws: `Complaint`.
  static func load(_ path: String, headers given: [String]) throws(Complaint) -> HookRequest {
    let body = try bytes(path)
    var fields: [(String, String)] = []
    if let file = headersFile(beside: path) {
      let text = String(decoding: FileText.withoutMark(try bytes(file)), as: UTF8.self)
      fields = try RecordedRequest.fields(text, of: file)
    }
    for text in given {
      guard let field = field(text) else { throw .badHeader(text) }
      fields.removeAll { $0.0.lowercased() == field.0.lowercased() }
      fields.append(field)
    }
    return HookRequest(headers: SignatureHeaders(fields), body: body)
  }

  private static func fields(_ text: String, of file: String) throws(Complaint) -> [(String, String)] {
    var fields: [(String, String)] = []
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (number, line) in lines.enumerated() where line.contains(where: { !$0.isWhitespace }) {
      if let field = field(String(line)) {
        fields.append(field)
      } else if number > 0 || !isRequestLine(line) {
        throw .badHook(
          "\(file):\(number + 1): “\(String(line).onOneLine.cut(to: 80))” is not of the form “Name: value”.")
      }
    }
    return fields
  }

  /// `POST /hooks/github HTTP/1.1`, at the beginning.
  private static func isRequestLine(_ line: Substring) -> Bool {
    let words = line.split(separator: " ")
    return (2...3).contains(words.count) && words[0].allSatisfy { $0.isASCII && $0.isUppercase }
      && (words.count == 2 || words[2].hasPrefix("HTTP/"))
  }

  private static func field(_ line: String) -> (String, String)? {
    guard let colon = line.firstIndex(of: ":") else { return nil }
    let name = line[..<colon]
    // The request line has a space before its first colon, if it has one.
    guard !name.isEmpty, !name.contains(where: \.isWhitespace) else { return nil }
    return (String(name), String(line[line.index(after: colon)...]).trimmed)
  }

  private static func headersFile(beside path: String) -> String? {
    let dot = path.lastIndex(of: ".").map { String(path[..<$0]) }
    return [dot.map { "\($0).headers" }, "\(path).headers"].compactMap(\.self)
      .first { access($0, R_OK) == 0 && $0 != path }
  }

  private static func bytes(_ path: String) throws(Complaint) -> [UInt8] {
    do throws(FileFault) {
      return try FileBytes.of(path, limit: limit)
    } catch .tooLong {
      throw .unreadable(path: path, reason: "it has more than \(limit) bytes, which no sender sends")
    } catch {
      throw .unreadable(path: path, reason: error.description)
    }
  }
}
