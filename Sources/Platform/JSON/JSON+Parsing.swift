extension JSON {
  /// Reads exactly one value, with nothing but white space around it.
  package init(parsing bytes: some Collection<UInt8>, limits: Limits = .standard) throws(JSONError) {
    let result =
      bytes.withContiguousStorageIfAvailable { Parser.parse($0, limits) }
      ?? Array(bytes).withUnsafeBufferPointer { Parser.parse($0, limits) }
    self = try result.get()
  }

  package init(parsing text: String, limits: Limits = .standard) throws(JSONError) {
    var text = text
    self = try text.withUTF8 { Parser.parse($0, limits) }.get()
  }
}
