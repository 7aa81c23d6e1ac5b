import Primitives
import Testing

@testable import Catalog

@Suite struct FileLinksTests {
  private static let now = Timestamp(seconds: 1_790_000_000)
  private static let path = "/v1/files/:id/content"
  private static let links = FileLinks(
    base: "https://errand.example.com", path: path, key: Array(0..<32))

  /// The parts of a link to a file.
  private static func parts(_ link: String) -> (file: String, expires: String, signature: String) {
    let halves = link.split(separator: "?").map(String.init)
    let values = halves[1].split(separator: "&").map { String($0.split(separator: "=")[1]) }
    return (String(halves[0].split(separator: "/")[4]), values[0], values[1])
  }

  @Test func `a link opens its file for a week`() throws {
    let link = try #require(Self.links.link(to: "file_1", now: Self.now))
    #expect(
      link.hasPrefix("https://errand.example.com/v1/files/file_1/content?expires=1790604800&signature="))
    let (file, expires, signature) = Self.parts(link)
    func refusal(after wait: Duration) -> FileLinkRefusal? {
      Self.links.refusal(of: file, expires: expires, signature: signature, now: Self.now + wait)
    }
    #expect(refusal(after: .zero) == nil)
    #expect(refusal(after: FileLinks.lifetime) == nil)
    let end = Timestamp(seconds: 1_790_604_800)
    #expect(refusal(after: FileLinks.lifetime + .seconds(1)) == .expired(end))
  }

  @Test func `whatever is changed, it opens nothing`() throws {
    let (file, expires, signature) = Self.parts(try #require(Self.links.link(to: "file_1", now: Self.now)))
    let other = FileLinks(base: nil, path: Self.path, key: Array(1..<33))
    let tampered = (signature.first == "0" ? "1" : "0") + signature.dropFirst()
    let tries = [
      (Self.links, "file_2", expires, signature), (Self.links, file, "1790604801", signature),
      (Self.links, file, "01790604800", signature), (Self.links, file, "+1790604800", signature),
      (Self.links, file, "", signature), (Self.links, file, expires, tampered),
      (Self.links, file, expires, signature.uppercased()), (Self.links, file, expires, ""),
      (Self.links, file, expires, String(signature.dropLast(2))), (other, file, expires, signature),
    ]
    for (links, file, expires, signature) in tries {
      #expect(
        links.refusal(of: file, expires: expires, signature: signature, now: Self.now) == .forged,
        "\(file) \(expires) \(signature)")
    }
  }

  @Test func `without an address there are no links`() {
    #expect(
      FileLinks(base: nil, path: Self.path, key: Array(0..<32)).link(to: "file_1", now: Self.now) == nil)
  }
}
