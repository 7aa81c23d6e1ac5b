package import Primitives

/// An HMAC over the raw body in one header: the scheme of GitHub, Sentry and many more.
package struct BodyHMAC: SignatureScheme {
  private let header: String
  private let prefix: String
  private let digest: DigestAlgorithm
  private let form: CodeForm
  private let keys: SecretKeys

  /// - Parameter prefix: What stands before the code, such as `sha256=`; compared to the letter.
  package init(
    secrets: [String], header: String, prefix: String = "", digest: DigestAlgorithm = .sha256,
    form: CodeForm = .hex,
    keyForm: KeyForm = .text
  ) throws(SignatureError) {
    guard BodyHMAC.isToken(header) else { throw .headerName(header) }
    self.header = header
    self.prefix = prefix
    self.digest = digest
    self.form = form
    keys = try SecretKeys(secrets, form: keyForm)
  }

  /// The header as the sender sends it, made with the first secret.
  package func sign(_ body: [UInt8]) -> String {
    prefix + form.encode(keys.code(of: [body], digest: digest))
  }

  package func verify(headers: SignatureHeaders, body: [UInt8], now: Timestamp) throws(SignatureRefusal) {
    let value = try headers.only(header)
    guard let text = value.dropping(prefix: prefix), let code = form.decode(text, length: digest.length)
    else {
      let label = prefix.isEmpty ? "" : "\"\(prefix)\" and "
      throw .malformedHeader(header, expected: label + form.expected(length: digest.length))
    }
    guard keys.verify(code, of: [body], digest: digest) else { throw .mismatch(header) }
  }

  /// A token of RFC 9110, section 5.6.2.
  private static func isToken(_ name: String) -> Bool {
    !name.isEmpty
      && name.utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
      }
  }
}
