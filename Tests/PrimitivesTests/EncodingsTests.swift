import Primitives
import Testing

@Suite struct EncodingsTests {
  // RFC 4648, section 10.
  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"),
  ])
  func `base64 agrees with the standard's examples`(plain: String, encoded: String) {
    #expect(Base64.encode(Array(plain.utf8)) == encoded)
    #expect(Base64.decode(encoded) == Array(plain.utf8))
    #expect(Base64.decode(String(encoded.prefix { $0 != "=" })) == Array(plain.utf8))
  }

  @Test(arguments: ["A", "Zg=", "Zh==", "Zm 9v", "Zm9v====", "Z===", "Zm-_"])
  func `broken base64 is refused`(text: String) {
    #expect(Base64.decode(text) == nil)
  }

  @Test func `hexadecimal is lower case only`() {
    #expect(Hex.encode([0, 0xAB, 0xFF]) == "00abff")
    #expect(Hex.decode("00abff") == [0, 0xAB, 0xFF])
    #expect(Hex.decode("00ABFF") == nil)
    #expect(Hex.decode("0") == nil)
  }
}
