/// The header fields of a request, with names in any case.
package struct SignatureHeaders: Sendable, ExpressibleByDictionaryLiteral {
  private var fields: [String: [String]] = [:]

  package init(_ fields: some Sequence<(String, String)>) {
    for (name, value) in fields { self.fields[name.lowercased(), default: []].append(value) }
  }

  package init(dictionaryLiteral elements: (String, String)...) {
    self.init(elements)
  }

  /// All values of a field, in the order in which they came.
  package subscript(name: String) -> [String] { fields[name.lowercased()] ?? [] }

  /// The value of a field that must come exactly once: with two, the sender and a proxy on the way might
  /// each have meant another one.
  package func only(_ name: String) throws(SignatureRefusal) -> String {
    try SignatureHeaders.only(self[name], name)
  }

  static func only(_ values: [String], _ name: String) throws(SignatureRefusal) -> String {
    guard let value = values.first, value != "" else { throw .missingHeader(name) }
    guard values.count == 1 else { throw .repeatedHeader(name) }
    return value
  }
}
