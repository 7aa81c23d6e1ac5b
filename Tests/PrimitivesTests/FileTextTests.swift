import Testing

@testable import Primitives

@Suite struct FileTextTests {
  @Test func `a byte order mark is no part of the text`() throws {
    #expect(try FileText.read([0xEF, 0xBB, 0xBF, 0x61]) == "a")
    #expect(try FileText.read([0x61, 0xEF, 0xBB, 0xBF]) == "a\u{FEFF}")
    #expect(try FileText.read([]).isEmpty)
  }

  @Test(
    arguments: [
      ([0xFF, 0xFE, 0x61, 0], "The file is UTF-16 text. Save it as UTF-8."),
      ([0xFE, 0xFF, 0, 0x61], "The file is UTF-16 text. Save it as UTF-8."),
      ([0x61, 0, 0x62, 0], "The file is UTF-16 text. Save it as UTF-8."),
      ([0, 0x61, 0, 0x62], "The file is UTF-16 text. Save it as UTF-8."),
      ([0xFF, 0xFE, 0, 0], "The file is UTF-32 text. Save it as UTF-8."),
      ([0x61, 0xE9], "The file is no UTF-8 text. Save it as UTF-8."),
    ] as [([UInt8], String)])
  func `another encoding is named`(bytes: [UInt8], sentence: String) {
    let problem = #expect(throws: FileText.Problem.self) { try FileText.read(bytes) }
    #expect(problem?.description == sentence)
  }

  @Test func `each end of a line becomes one line feed`() {
    #expect(FileText.withLineFeeds("a\r\nb\nc\r\n\r\n") == "a\nb\nc\n\n")
    #expect(FileText.withLineFeeds("a\rb") == "a\rb")
  }
}
