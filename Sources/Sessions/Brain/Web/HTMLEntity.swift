/// Character references of HTML: all numbers, and the names that pages use.
enum HTMLEntity {
  /// The bytes that a reference at the beginning of `text` stands for, and its length; nil when there is none.
  static func read(_ text: ArraySlice<UInt8>) -> ([UInt8], Int)? {
    let body = text.dropFirst().prefix(33)
    if body.first == UInt8(ascii: "#") { return number(body.dropFirst()) }
    let name = body.prefix { byte in (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) }
    guard !name.isEmpty, name.endIndex < body.endIndex, text[name.endIndex] == UInt8(ascii: ";"),
      let character = names[String(decoding: name, as: UTF8.self)]
    else { return nil }
    return (Array(character.utf8), name.count + 2)
  }

  private static func number(_ body: ArraySlice<UInt8>) -> ([UInt8], Int)? {
    let isHexadecimal = body.first.map { $0 | 0x20 } == UInt8(ascii: "x")
    let start = isHexadecimal ? body.dropFirst() : body
    let digits = start.prefix { byte in
      (0x30...0x39).contains(byte) || (isHexadecimal && (0x61...0x66).contains(byte | 0x20))
    }
    guard !digits.isEmpty, digits.count <= 8,
      let value = UInt32(String(decoding: digits, as: UTF8.self), radix: isHexadecimal ? 16 : 10)
    else { return nil }
    let hasEnd = digits.endIndex < body.endIndex && body[digits.endIndex] == UInt8(ascii: ";")
    let length = 2 + (isHexadecimal ? 1 : 0) + digits.count + (hasEnd ? 1 : 0)
    // Zero and halves of pairs stand for the replacement character, as in browsers.
    let scalar = value == 0 ? nil : Unicode.Scalar(value)
    return (Array(String(Character(scalar ?? "\u{FFFD}")).utf8), length)
  }

  private static let names: [String: String] = [
    "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": "\u{A0}", "copy": "©", "reg": "®",
    "trade": "™", "hellip": "…", "mdash": "—", "ndash": "–", "lsquo": "‘", "rsquo": "’", "ldquo": "“",
    "rdquo": "”",
    "sbquo": "‚", "bdquo": "„", "laquo": "«", "raquo": "»", "lsaquo": "‹", "rsaquo": "›", "bull": "•",
    "middot": "·", "deg": "°", "plusmn": "±", "times": "×", "divide": "÷", "frac12": "½", "frac14": "¼",
    "frac34": "¾", "sup2": "²", "sup3": "³", "micro": "µ", "para": "¶", "sect": "§", "dagger": "†",
    "Dagger": "‡",
    "euro": "€", "pound": "£", "yen": "¥", "cent": "¢", "curren": "¤", "larr": "←", "uarr": "↑", "rarr": "→",
    "darr": "↓", "harr": "↔", "rArr": "⇒", "infin": "∞", "ne": "≠", "le": "≤", "ge": "≥", "asymp": "≈",
    "minus": "−",
    "shy": "\u{AD}", "ensp": "\u{2002}", "emsp": "\u{2003}", "thinsp": "\u{2009}", "zwnj": "\u{200C}",
    "zwj": "\u{200D}", "iexcl": "¡", "iquest": "¿", "ordf": "ª", "ordm": "º", "not": "¬", "macr": "¯",
    "acute": "´",
    "agrave": "à", "aacute": "á", "acirc": "â", "atilde": "ã", "auml": "ä", "aring": "å", "aelig": "æ",
    "ccedil": "ç",
    "egrave": "è", "eacute": "é", "ecirc": "ê", "euml": "ë", "igrave": "ì", "iacute": "í", "icirc": "î",
    "iuml": "ï",
    "ntilde": "ñ", "ograve": "ò", "oacute": "ó", "ocirc": "ô", "otilde": "õ", "ouml": "ö", "oslash": "ø",
    "oelig": "œ", "ugrave": "ù", "uacute": "ú", "ucirc": "û", "uuml": "ü", "yacute": "ý", "yuml": "ÿ",
    "szlig": "ß",
    "Agrave": "À", "Aacute": "Á", "Acirc": "Â", "Atilde": "Ã", "Auml": "Ä", "Aring": "Å", "AElig": "Æ",
    "Ccedil": "Ç", "Egrave": "È", "Eacute": "É", "Ecirc": "Ê", "Euml": "Ë", "Ntilde": "Ñ", "Ouml": "Ö",
    "Oslash": "Ø", "OElig": "Œ", "Uuml": "Ü", "scaron": "š", "Scaron": "Š", "alpha": "α", "beta": "β",
    "gamma": "γ",
    "delta": "δ", "lambda": "λ", "mu": "μ", "pi": "π", "sigma": "σ", "omega": "ω", "Delta": "Δ", "Sigma": "Σ",
    "Omega": "Ω", "sum": "∑", "radic": "√", "check": "✓", "star": "☆", "hearts": "♥",
  ]
}
