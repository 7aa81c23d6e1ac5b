/// The request target of RFC 9112, section 3.2, taken apart.
enum Target {
  /// The path of an origin-form (`/a?b`) or absolute-form (`http://host/a?b`) target, without the query.
  static func path(of target: String) -> String {
    String(Substring(origin(of: target).prefix { $0 != 0x3F }))
  }

  /// The decoded parts of a path. A part that cannot be decoded is given as it is: the server refuses such
  /// targets, so only a request made by hand has one.
  static func segments(of path: String) -> [String] {
    if path == "/" || path == "*" { return [] }
    let bytes = path.utf8.first == 0x2F ? path.utf8.dropFirst() : path.utf8[...]
    return bytes.split(separator: 0x2F, omittingEmptySubsequences: false).map {
      decode($0) ?? String(Substring($0))
    }
  }

  /// The decoded fields of a target's query.
  static func query(of target: String) -> [(name: String, value: String)] {
    guard let mark = target.utf8.firstIndex(of: 0x3F) else { return [] }
    return target.utf8[target.utf8.index(after: mark)...].split(separator: 0x26).map { field in
      let equals = field.firstIndex(of: 0x3D) ?? field.endIndex
      let value = equals == field.endIndex ? field[equals...] : field[field.index(after: equals)...]
      return (text(field[..<equals]), text(value))
    }
  }

  /// Why a target cannot be used, as a sentence; nil when it can.
  static func fault(in target: String, method: String) -> String? {
    let bytes = target.utf8
    if bytes.contains(where: { $0 <= 0x20 || $0 == 0x7F }) {
      return "The request target contains a control character. Percent-encode it."
    }
    if target == "*" {
      return method == "OPTIONS" ? nil : "The target * is for OPTIONS only. Send a path."
    }
    guard origin(of: target).first == 0x2F else {
      return "The request target must be a path that begins with a slash, or an http URL."
    }
    guard bytes.contains(0x25) else { return nil }
    let decodable = bytes.split(whereSeparator: { $0 == 0x2F || $0 == 0x3F || $0 == 0x26 || $0 == 0x3D })
      .allSatisfy { decode($0) != nil }
    return decodable
      ? nil : "The request target has a percent-encoding that is cut short, is not UTF-8, or stands for NUL."
  }

  private static func origin(of target: String) -> Substring.UTF8View {
    let bytes = target.utf8[...]
    guard bytes.first != 0x2F else { return bytes }
    for scheme in ["http://", "https://"] where target.lowercased().hasPrefix(scheme) {
      let authority = bytes.dropFirst(scheme.utf8.count)
      let rest = authority.drop { $0 != 0x2F && $0 != 0x3F }
      return rest.first == 0x2F ? rest : Substring("/" + String(Substring(rest))).utf8
    }
    return bytes
  }

  private static func text(_ field: Substring.UTF8View) -> String {
    decode(field, plusIsSpace: true) ?? String(Substring(field))
  }

  /// Nil for an encoding that is cut short, bytes that are not UTF-8, or an encoded NUL.
  static func decode(_ text: Substring.UTF8View, plusIsSpace: Bool = false) -> String? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count)
    var rest = text.makeIterator()
    while let byte = rest.next() {
      switch byte {
      case 0x25:
        guard let high = rest.next().flatMap(digit), let low = rest.next().flatMap(digit),
          high << 4 | low != 0
        else { return nil }
        bytes.append(high << 4 | low)
      case 0x2B where plusIsSpace: bytes.append(0x20)
      default: bytes.append(byte)
      }
    }
    return String(validating: bytes, as: UTF8.self)
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
  }
}
