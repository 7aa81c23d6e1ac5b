/// Character references of HTML: all numbers, and the names that pages use.
enum HTMLEntity {
  /// The bytes that a reference at `start` stands for, and its length; nil when there is none.
  static func read(_ text: [UInt8], at start: Int) -> ([UInt8], Int)? {
    let end = min(text.count, start + 34)
    var index = start + 1
    if index < end, text[index] == UInt8(ascii: "#") { return number(text, from: start, to: end) }
    while index < end, isNameByte(text[index]) { index += 1 }
    guard index > start + 1, index < end, text[index] == UInt8(ascii: ";"),
      let character = names[String(decoding: text[(start + 1)..<index], as: UTF8.self)]
    else { return nil }
    return (Array(character.utf8), index + 1 - start)
  }

  private static func number(_ text: [UInt8], from start: Int, to end: Int) -> ([UInt8], Int)? {
    var index = start + 2
    let isHexadecimal = index < end && text[index] | 0x20 == UInt8(ascii: "x")
    if isHexadecimal { index += 1 }
    let first = index
    while index < end, isDigit(text[index], isHexadecimal) { index += 1 }
    guard index > first, index - first <= 8,
      let value = UInt32(
        String(decoding: text[first..<index], as: UTF8.self), radix: isHexadecimal ? 16 : 10)
    else { return nil }
    if index < end, text[index] == UInt8(ascii: ";") { index += 1 }
    // Zero and halves of pairs stand for the replacement character, as in browsers.
    let scalar = value == 0 ? nil : Unicode.Scalar(value)
    return (Array(String(Character(scalar ?? "\u{FFFD}")).utf8), index - start)
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte)
  }

  private static func isDigit(_ byte: UInt8, _ isHexadecimal: Bool) -> Bool {
    (0x30...0x39).contains(byte) || (isHexadecimal && (0x61...0x66).contains(byte | 0x20))
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
