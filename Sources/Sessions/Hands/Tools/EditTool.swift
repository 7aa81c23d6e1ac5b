import JSON
import Sessions

/// `edit`: replaces an exact piece of text.
struct EditTool: BuiltinTool {
  let name = "edit"
  let description = """
    Replace text in a file. old_string must occur exactly once, character by character, unless replace_all is \
    true. Relative paths belong to /workspace.
    """
  let schema: JSON = [
    "type": "object",
    "properties": [
      "file_path": ["type": "string", "description": "Path of the file."],
      "old_string": [
        "type": "string", "description": "The text to replace, exactly as it stands in the file.",
      ],
      "new_string": ["type": "string", "description": "What takes its place; may be empty."],
      "replace_all": ["type": "boolean", "description": "Replace every occurrence. False when not given."],
    ],
    "required": ["file_path", "old_string", "new_string"],
  ]

  static let limit = 16 << 20

  func run(_ input: ToolInput, at hands: SandboxedHands) async throws -> ToolResult {
    let path = try input.path("file_path")
    let old = Array(try input.text("old_string").utf8)
    let new = Array(try input.text("new_string").utf8)
    let all = try input.flag("replace_all")
    guard !old.isEmpty else { throw ToolError.input("The field `old_string` must not be empty.") }
    guard old != new else { throw ToolError.input("The fields `old_string` and `new_string` are the same.") }
    try await hands.requireRoom()
    let file = SandboxFile(hands: hands, path: path)
    let (bytes, isCut) = try await file.read(atMost: Self.limit)
    if isCut {
      throw ToolError.tooLarge(
        path: path, limit: Self.limit, advice: "Change it with bash, for instance with sed.")
    }
    let places = Self.places(of: old, in: bytes)
    guard !places.isEmpty else {
      throw ToolError.input(
        "`old_string` does not occur in \(path). Read the file and copy the text exactly.")
    }
    guard all || places.count == 1 else {
      throw ToolError.input(
        "`old_string` occurs \(places.count) times in \(path). Add lines around it until it is unique, or set "
          + "`replace_all`.")
    }
    try await file.write(Self.replace(places, of: old.count, in: bytes, by: new))
    return ToolResult(
      text: places.count == 1 ? "Edited \(path)." : "Edited \(path) at \(places.count) places.")
  }

  /// Where it begins, from left to right, without overlaps.
  static func places(of text: [UInt8], in bytes: [UInt8]) -> [Int] {
    var places: [Int] = []
    var index = 0
    while index + text.count <= bytes.count {
      guard let found = bytes[index...].firstIndex(of: text[0]), found + text.count <= bytes.count else {
        break
      }
      if bytes[found..<(found + text.count)].elementsEqual(text) {
        places.append(found)
        index = found + text.count
      } else {
        index = found + 1
      }
    }
    return places
  }

  static func replace(_ places: [Int], of length: Int, in bytes: [UInt8], by new: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count + places.count * (new.count - length))
    var index = 0
    for place in places {
      result += bytes[index..<place]
      result += new
      index = place + length
    }
    return result + bytes[index...]
  }
}
