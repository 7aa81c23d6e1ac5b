import Testing

@testable import API

@Suite struct MultipartReaderTests {
  private static let form =
    "preamble\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n"
    + "Content-Type: text/plain\r\n\r\none\r\n--bb\r\ntwo\r\n--b \r\nContent-Disposition: form-data; name=e\r\n"
    + "\r\n\r\n--b--\r\nepilogue"

  private func read(_ form: String, in pieces: Int) throws -> [(MultipartReader.Head, String)] {
    var reader = try MultipartReader(contentType: "multipart/form-data; boundary=b")
    var parts: [(MultipartReader.Head, [UInt8])] = []
    var rest = Array(form.utf8)[...]
    while !rest.isEmpty {
      for token in try reader.read(rest.prefix(pieces)) {
        switch token {
        case .head(let head): parts.append((head, []))
        case .bytes(let bytes): parts[parts.count - 1].1 += bytes
        case .end: break
        }
      }
      rest = rest.dropFirst(pieces)
    }
    try reader.finish()
    return parts.map { ($0.0, String(decoding: $0.1, as: UTF8.self)) }
  }

  @Test(arguments: 1...40)
  func `a form is the same in whatever pieces it comes`(pieces: Int) throws {
    // A boundary is told from a longer one by what follows it, which is refused where it is neither.
    let form = Self.form.replacing("--bb\r\n", with: "--c\r\n")
    let parts = try read(form, in: pieces)
    #expect(parts.map(\.1) == ["one\r\n--c\r\ntwo", ""])
    #expect(parts[0].0 == MultipartReader.Head(name: "file", filename: "a.txt", contentType: "text/plain"))
    #expect(parts[1].0.name == "e")
  }

  @Test(arguments: [
    ("", "ends before its last boundary"), ("--b\r\n", "ends before its last boundary"),
    ("--b\r\nX: y\r\n\r\nz\r\n--b--", "has no name"), ("--b\r\nnonsense\r\n\r\n", "without a colon"),
    ("--bx\r\n", "followed by other text"),
    ("--b\r\nContent-Disposition: form-data; name=a\r\n\r\nz", "ends before"),
  ])
  func `a broken form is refused`(form: String, reason: String) {
    #expect {
      _ = try read(form, in: 7)
    } throws: {
      "\($0)".contains(reason)
    }
  }

  @Test(arguments: [nil, "application/json", "multipart/form-data", "multipart/form-data; boundary="])
  func `a request without a form is refused`(contentType: String?) {
    #expect(throws: APIError.self) { _ = try MultipartReader(contentType: contentType) }
  }

  @Test(arguments: [
    (#"form-data; name="a"; filename="x%22y""#, #"x"y"#), (#"form-data; filename="x\"y""#, #"x"y"#),
    (#"form-data; filename*=UTF-8''%e2%82%ac.txt"#, "€.txt"), ("form-data; filename=plain", "plain"),
  ])
  func `file names are read as clients write them`(header: String, name: String) {
    #expect(HeaderParameters.read(header).parameters["filename"] == name)
  }
}
