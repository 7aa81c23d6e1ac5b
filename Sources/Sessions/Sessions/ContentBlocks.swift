import JSON
import Primitives
import Reading

/// Checks the content blocks that clients send.
struct ContentBlocks {
  /// What an event may contain.
  enum Kind: String, CaseIterable {
    case text, image, document
    case searchResult = "search_result"
  }

  /// The most blocks of one event.
  static let limit = 1000
  /// The most characters of one text. A request's size is limited elsewhere.
  static let textLimit = 32 << 20

  let kinds: [Kind]
  /// The fewest characters of one text: a tool may have printed nothing.
  var shortest = 1

  static let message = ContentBlocks(kinds: [.text, .image, .document])
  static let result = ContentBlocks(kinds: Kind.allCases, shortest: 0)
  static let system = ContentBlocks(kinds: [.text])

  func check(_ event: Fields, required: Bool) {
    let blocks = event.list("content", limit: ContentBlocks.limit, required: required)
    if blocks.isEmpty, required, event["content"]?.arrayValue?.isEmpty == true {
      event.add("content", "Expected at least one content block.")
    }
    for (block, path) in blocks { check(block, path, event.findings) }
  }

  private func check(_ value: JSON, _ path: FieldPath, _ findings: Findings) {
    guard let block = Fields(value, at: path, "a content block", keys: nil, findings) else { return }
    if block["type"] == "redacted" {
      block.add("type", "Only the service writes redacted blocks.")
      return
    }
    guard let name = block.choice("type", of: kinds.map(\.rawValue), required: true),
      let kind = Kind(rawValue: name)
    else { return }
    let length = 1...ContentBlocks.textLimit
    switch kind {
    case .text:
      guard let text = Fields(value, at: path, "a text block", keys: ["type", "text"], findings) else {
        return
      }
      _ = text.text("text", required: true, length: shortest...ContentBlocks.textLimit)
    case .image:
      guard let image = Fields(value, at: path, "an image block", keys: ["type", "source"], findings) else {
        return
      }
      checkSource(image, kinds: ["base64", "url", "file"], media: ContentBlocks.imageTypes)
    case .document:
      let keys = ["type", "source", "title", "context"]
      guard let document = Fields(value, at: path, "a document block", keys: keys, findings) else { return }
      checkSource(document, kinds: ["base64", "text", "url", "file"], media: ["application/pdf"])
      _ = document.text("title", length: 0...ContentBlocks.textLimit)
      _ = document.text("context", length: 0...ContentBlocks.textLimit)
    case .searchResult:
      let keys = ["type", "source", "title", "content", "citations"]
      guard let result = Fields(value, at: path, "a search result", keys: keys, findings) else { return }
      _ = result.text("source", required: true, length: length)
      _ = result.text("title", required: true, length: length)
      ContentBlocks.system.check(result, required: true)
      _ = result.fields("citations", "a search result's citations", keys: ["enabled"], required: true)?
        .flag("enabled", required: true)
    }
  }

  private static let imageTypes = ["image/jpeg", "image/png", "image/gif", "image/webp"]

  private func checkSource(_ block: Fields, kinds: [String], media: [String]) {
    guard let source = block.fields("source", "a source", keys: nil, required: true) else { return }
    func fields(_ keys: [String]) -> Fields? { block.fields("source", "a source", keys: ["type"] + keys) }
    switch source.choice("type", of: kinds, required: true) {
    case "base64":
      guard let given = fields(["media_type", "data"]) else { return }
      _ = given.choice("media_type", of: media, required: true)
      if let data = given.text("data", required: true, length: 1...ContentBlocks.textLimit),
        Base64.decode(data) == nil
      {
        given.add("data", "This is not base64.")
      }
    case "text":
      guard let given = fields(["media_type", "data"]) else { return }
      _ = given.choice("media_type", of: ["text/plain"], required: true)
      _ = given.text("data", required: true, length: 1...ContentBlocks.textLimit)
    case "url":
      guard let url = fields(["url"])?.text("url", required: true, length: 1...8192) else { return }
      if !url.hasPrefix("https://") && !url.hasPrefix("http://") {
        source.add("url", "Expected an address with https:// or http://, found \(quoted(url)).")
      }
    case "file":
      _ = fields(["file_id"])?.text("file_id", required: true, length: 1...128)
    default: break
    }
  }

  /// The ids of the files that an event's content refers to, each with the index of its block and its kind.
  static func files(in content: JSON?) -> [(id: String, block: Int, kind: Kind?)] {
    (content?.arrayValue ?? []).enumerated().compactMap { block, value in
      value["source"]?["file_id"]?.stringValue.map {
        ($0, block, value["type"]?.stringValue.flatMap(Kind.init))
      }
    }
  }

  /// Why a file cannot stand in a block of this kind; nil when it can. The models refuse a whole conversation for
  /// one such block.
  static func problem(of kind: Kind?, mimeType: String) -> String? {
    let type = String(mimeType.prefix { $0 != ";" && !$0.isWhitespace }).lowercased()
    let isImage = type.hasPrefix("image/")
    switch kind {
    case .image where !imageTypes.contains(type):
      return "An image block takes \(imageTypes.alternatives); the file is \(quoted(mimeType))."
    case .document where isImage:
      return
        "A document block takes a PDF or a text; the file is \(quoted(mimeType)). Send it in an image block."
    default: return nil
    }
  }
}
