import Primitives
import Signatures
import Testing

@Suite struct SecretTests {
  /// Every scheme, made with the given secrets.
  static let schemes: [@Sendable ([String]) throws -> any SignatureScheme] = [
    { try GitHubSignature(secrets: $0) }, { try SentrySignature(secrets: $0) },
    { try SlackSignature(secrets: $0) }, { try LinearSignature(secrets: $0) },
    { try PagerDutySignature(secrets: $0) }, { try TeamsSignature(secrets: $0) },
    { try SharedToken(secrets: $0, in: .gitlab) }, { try SharedToken(secrets: $0, in: .bearer) },
    { try StandardWebhooks(secrets: $0) }, { try BodyHMAC(secrets: $0, header: "X-Signature") },
  ]

  @Test(arguments: schemes.indices)
  func `no scheme exists without a secret`(scheme: Int) {
    let make = SecretTests.schemes[scheme]
    #expect(throws: SignatureError.noSecret) { try make([]) }
    #expect(throws: SignatureError.emptySecret(1)) { try make([""]) }
    #expect(throws: SignatureError.emptySecret(2)) { try make(["c2VjcmV0", " \n"]) }
  }

  @Test(arguments: schemes.indices)
  func `a scheme that is printed or dumped shows no secret`(scheme: Int) throws {
    let made = try SecretTests.schemes[scheme](["c2VjcmV0c2VjcmV0"])
    var text = "\(made) \(String(reflecting: made)) "
    dump(made, to: &text)
    for secret in ["c2VjcmV0c2VjcmV0", "secretsecret", "\([UInt8]("secretsecret".utf8))", "0x73"] {
      #expect(!text.contains(secret))
    }
  }

  @Test(arguments: [
    ("whsec_", SignatureError.emptySecret(1)), ("whsec_not base64", .secretNotBase64(1)),
    ("whpk_", .emptySecret(1)), ("whpk_AAAA", .publicKeyLength(1, bytes: 3)), ("whpk_?", .secretNotBase64(1)),
    ("whsk_AAAA", .privateKey(1)), ("=", .secretNotBase64(1)), ("====", .secretNotBase64(1)),
  ])
  func `a secret of Standard Webhooks must have its form`(secret: String, error: SignatureError) {
    #expect(throws: error) { try StandardWebhooks(secrets: [secret]) }
  }

  @Test(arguments: [
    (SignatureError.noSecret, "No secret is configured, so no request could be told from a forged one."),
    (.emptySecret(2), "Secret 2 is empty, and anyone can sign with an empty secret."),
    (.secretNotBase64(1), "Secret 1 is not base64. Copy it again as the sender shows it"),
    (.privateKey(1), "Secret 1 begins with whsk_: it is the sender's private key."),
    (
      .publicKeyLength(1, bytes: 3),
      "Secret 1 begins with whpk_ but holds 3 bytes; an ed25519 public key has 32."
    ),
    (.headerName("a b"), "\"a b\" cannot be the name of a header."),
  ])
  func `an error of the configuration says what to do`(error: SignatureError, text: String) {
    #expect(error.description.hasPrefix(text))
  }

  @Test(arguments: [
    (
      SignatureRefusal.missingHeader("X-A"), "signature_header_missing", "The header X-A is missing or empty."
    ),
    (.repeatedHeader("X-A"), "signature_header_repeated", "The header X-A comes more than once."),
    (
      .malformedHeader("X-A", expected: "this"), "signature_header_malformed",
      "The header X-A does not have the expected form, this."
    ),
    (.malformedTime("X-T"), "signature_time_malformed", "The time in X-T is not a whole number."),
    (
      .stale(seconds: 301, allowed: 300), "signature_stale",
      "The request was signed 301 seconds ago, but only 300 are allowed."
    ),
    (
      .ahead(seconds: 301, allowed: 300), "signature_ahead",
      "The request was signed 301 seconds in the future, but only 300 are allowed."
    ),
    (
      .mismatch("X-A"), "signature_mismatch",
      "The header X-A does not fit to this body and the configured secret."
    ),
  ])
  func `a refusal has a lasting code and a sentence`(refusal: SignatureRefusal, code: String, text: String) {
    #expect(refusal.code == code)
    #expect(refusal.description.hasPrefix(text))
  }
}
