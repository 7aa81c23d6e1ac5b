import JSON
import Primitives
import Sessions

/// `read`: text, a part of it, or an image or PDF as the model sees it.
struct ReadTool: BuiltinTool {
  let name = "read"
  let description = """
    Read a file. Text comes back as it is; without view_range at most 256 KiB. PNG, JPEG, GIF and WebP files \
    come back as images, PDF files as documents. Relative paths belong to /workspace.
    """
  let schema: JSON = [
    "type": "object",
    "properties": [
      "file_path": ["type": "string", "description": "Path of the file."],
      "view_range": [
        "type": "array", "items": ["type": "integer"], "minItems": 2, "maxItems": 2,
        "description":
          "First and last line, counted from 1, both included. A last line of 0 or less means the end.",
      ],
    ],
    "required": ["file_path"],
  ]

  static let textLimit = 256 << 10
  /// Of a chosen range, so that nobody asks for more than a result may hold.
  static let rangeLimit = 1 << 20
  static let mediaLimit = 5 << 20

  func run(_ input: ToolInput, at hands: SandboxedHands) async throws -> ToolResult {
    let path = try input.path("file_path")
    let file = SandboxFile(hands: hands, path: path)
    if let (first, last) = try input.range("view_range") {
      guard first >= 1 else { throw ToolError.input("The field `view_range` counts lines from 1.") }
      guard last <= 0 || last >= first else {
        throw ToolError.input("The field `view_range` ends before it begins.")
      }
      let (bytes, isCut) = try await file.lines(first, last <= 0 ? nil : last, atMost: Self.rangeLimit)
      if bytes.isEmpty { return ToolResult(text: "(\(path) has no line \(first))") }
      let note = isCut ? "\n[Cut after \(Self.rangeLimit) bytes. Choose a smaller view_range.]" : ""
      return ToolResult(text: RepairedText.of(bytes) + note)
    }
    return Self.isMedia(path) ? try await media(file) : try await text(file)
  }

  private func text(_ file: SandboxFile) async throws -> ToolResult {
    let (bytes, isCut) = try await file.read(atMost: Self.textLimit)
    if bytes.isEmpty { return ToolResult(text: "(the file is empty)") }
    if bytes.prefix(8192).contains(0) {
      return ToolResult(
        text: "\(file.path) is not text. Look at it with bash, for instance with `file` or `od -c`.",
        isError: true)
    }
    let note =
      isCut
      ? "\n[Cut after \(Self.textLimit) bytes. Use view_range [first line, last line] for the rest.]" : ""
    return ToolResult(text: RepairedText.of(bytes) + note)
  }

  private func media(_ file: SandboxFile) async throws -> ToolResult {
    let (bytes, isCut) = try await file.read(atMost: Self.mediaLimit)
    // What only bears the name of an image is read like any other file.
    guard let type = Self.mediaType(bytes) else { return try await text(file) }
    if isCut {
      throw ToolError.tooLarge(
        path: file.path, limit: Self.mediaLimit, advice: "Make a smaller version of it first.")
    }
    let block: JSON = [
      "type": .string(type == "application/pdf" ? "document" : "image"),
      "source": ["type": "base64", "media_type": .string(type), "data": .string(Base64.encode(bytes))],
    ]
    return ToolResult(content: [block])
  }

  private static func isMedia(_ path: String) -> Bool {
    let name = path.lowercased()
    return [".png", ".jpg", ".jpeg", ".gif", ".webp", ".pdf"].contains { name.hasSuffix($0) }
  }

  /// By the first bytes, which cannot lie about what a model is shown.
  static func mediaType(_ bytes: [UInt8]) -> String? {
    func begins(_ text: String, at offset: Int = 0) -> Bool {
      bytes.dropFirst(offset).starts(with: text.utf8)
    }
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return "image/png" }
    if bytes.starts(with: [0xFF, 0xD8, 0xFF]) { return "image/jpeg" }
    if begins("GIF87a") || begins("GIF89a") { return "image/gif" }
    if begins("RIFF"), begins("WEBP", at: 8) { return "image/webp" }
    return begins("%PDF-") ? "application/pdf" : nil
  }
}
