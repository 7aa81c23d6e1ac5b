extension JSON {
  /// The value on one line without white space, as UTF-8. NaN and infinities, which JSON cannot express,
  /// become `null`, as they do in ECMAScript.
  package var bytes: [UInt8] {
    var writer = Writer()
    writer.write(self)
    return writer.bytes
  }

  /// `bytes` as a text.
  package var text: String { String(decoding: bytes, as: UTF8.self) }

  /// For people: two spaces for every level, one member or element a line.
  package var prettyText: String {
    var writer = Writer()
    writer.writePretty(self, indent: 0)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  /// The same bytes for all equal values: members sorted by the bytes of their keys, whole numbers that fit
  /// into 64 bits written as integers.
  package var canonicalBytes: [UInt8] {
    var writer = Writer(isCanonical: true)
    writer.write(self)
    return writer.bytes
  }
}
