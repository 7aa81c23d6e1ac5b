import Crypto
import Primitives
import Signatures
import Testing

@Suite struct SchemeTests {
  let now = Timestamp(seconds: 1_790_000_000)
  let body: [UInt8] = [0xFF, 0x00, 0x7B]

  func hmac<Hash: HashFunction>(_ hash: Hash.Type, _ key: [UInt8], _ body: [UInt8]) -> [UInt8] {
    Array(HMAC<Hash>.authenticationCode(for: body, using: SymmetricKey(data: key)))
  }

  @Test func `a body HMAC takes the digest, the form, the key and the header it was told`() throws {
    let key = Array("key".utf8)
    let cases: [(DigestAlgorithm, [UInt8])] = [
      (.sha1, hmac(Insecure.SHA1.self, key, body)), (.sha256, hmac(SHA256.self, key, body)),
      (.sha384, hmac(SHA384.self, key, body)), (.sha512, hmac(SHA512.self, key, body)),
    ]
    for (digest, code) in cases {
      for (secret, keyForm) in [("key", KeyForm.text), (Base64.encode(key), .base64)] {
        let hex = try BodyHMAC(
          secrets: [secret], header: "X-Sig", prefix: "p=", digest: digest, keyForm: keyForm)
        try hex.verify(headers: ["x-sig": "p=" + Hex.encode(code)], body: body, now: now)
        let base64 = try BodyHMAC(
          secrets: [secret], header: "X-Sig", digest: digest, form: .base64, keyForm: keyForm)
        try base64.verify(headers: ["X-SIG": Base64.encode(code)], body: body, now: now)
      }
    }
  }

  @Test(arguments: [
    "", "p=", "p=00", "P=", "p= ", "sha256=", "p=p=",
  ])
  func `a header without the whole code is refused`(start: String) throws {
    let code = Hex.encode(hmac(SHA256.self, Array("key".utf8), body))
    let scheme = try BodyHMAC(secrets: ["key"], header: "X-Sig", prefix: "p=")
    try scheme.verify(headers: ["X-Sig": "p=" + code], body: body, now: now)
    for value in [start + code.dropLast(), start + code + "0", start + code.uppercased(), "\u{301}p=" + code]
    {
      #expect(throws: SignatureRefusal.self) {
        try scheme.verify(headers: ["X-Sig": value], body: body, now: now)
      }
    }
  }

  @Test func `base64 without its padding is another text and refused`() throws {
    let code = Base64.encode(hmac(SHA256.self, Array("key".utf8), body))
    let scheme = try BodyHMAC(secrets: ["key"], header: "X-Sig", form: .base64)
    #expect(
      throws: SignatureRefusal.malformedHeader("X-Sig", expected: "the base64 of 32 bytes")
    ) {
      try scheme.verify(headers: ["X-Sig": String(code.dropLast())], body: body, now: now)
    }
  }

  @Test(arguments: ["", "X Sig", "X-Sig:", "X-Sïg", "X\n"])
  func `a header name must be a token`(name: String) {
    #expect(throws: SignatureError.headerName(name)) { try BodyHMAC(secrets: ["key"], header: name) }
  }

  @Test func `the plain schemes take the old and the new secret`() throws {
    let github = try GitHubSignature(secrets: ["old", "new"])
    for secret in ["old", "new"] {
      let value = "sha256=" + Hex.encode(hmac(SHA256.self, Array(secret.utf8), body))
      try github.verify(headers: ["X-Hub-Signature-256": value], body: body, now: now)
    }
    let token = try SharedToken(secrets: ["old", "new"], in: .bearer)
    try token.verify(headers: ["Authorization": "bearer old"], body: body, now: now)
    try token.verify(headers: ["Authorization": "Bearer new"], body: body, now: now)
    #expect(throws: SignatureRefusal.mismatch("Authorization")) {
      try token.verify(headers: ["Authorization": "Bearer ol"], body: body, now: now)
    }
    #expect(throws: SignatureRefusal.mismatch("Authorization")) {
      try token.verify(headers: ["Authorization": "Bearer "], body: body, now: now)
    }
  }

  @Test(arguments: [
    (#"{"webhookTimestamp":1789999940000}"#, nil), (#"{"webhookTimestamp":1790000060000}"#, nil),
    (#"{"webhookTimestamp":1789999939999}"#, SignatureRefusal.stale(seconds: 60, allowed: 60)),
    (#"{"webhookTimestamp":1790000060001}"#, .ahead(seconds: 60, allowed: 60)),
    (#"{"webhookTimestamp":9e18}"#, .malformedTime("the member webhookTimestamp of the body")),
    (
      #"{"webhookTimestamp":-9223372036854775808}"#, .malformedTime("the member webhookTimestamp of the body")
    ),
    (#"{"webhookTimestamp":"1790000000000"}"#, .malformedTime("the member webhookTimestamp of the body")),
    (
      #"{"data":{"webhookTimestamp":1790000000000}}"#,
      .malformedTime("the member webhookTimestamp of the body")
    ),
    ("{", .malformedTime("the body, which is not JSON")), ("", .malformedTime("the body, which is not JSON")),
  ])
  func `Linear's time is the one in the signed body`(text: String, refusal: SignatureRefusal?) throws {
    let body = Array(text.utf8)
    let linear = try LinearSignature(secrets: ["lin_wh_1"])
    let headers: SignatureHeaders = [
      "Linear-Signature": Hex.encode(hmac(SHA256.self, Array("lin_wh_1".utf8), body)),
      "Linear-Timestamp": "1790000000000",
    ]
    var found: SignatureRefusal?
    do throws(SignatureRefusal) {
      try linear.verify(headers: headers, body: body, now: now)
    } catch {
      found = error
    }
    #expect(found == refusal)
  }

  @Test func `PagerDuty's entries may be spaced, but not a heap`() throws {
    let pagerDuty = try PagerDutySignature(secrets: ["secret"])
    let entry = "v1=" + Hex.encode(hmac(SHA256.self, Array("secret".utf8), body))
    try pagerDuty.verify(headers: ["X-PagerDuty-Signature": "v1=00, \(entry)"], body: body, now: now)
    let heap = Array(repeating: entry, count: 17).joined(separator: ",")
    #expect(throws: SignatureRefusal.self) {
      try pagerDuty.verify(headers: ["X-PagerDuty-Signature": heap], body: body, now: now)
    }
  }

  @Test func `header names have no case, and two spellings are two headers`() throws {
    let headers = SignatureHeaders([("X-Sig", "a"), ("x-sig", "b"), ("Other", "c")])
    #expect(headers["X-SIG"] == ["a", "b"])
    #expect(headers["absent"] == [])
    let scheme = try BodyHMAC(secrets: ["key"], header: "X-Sig")
    #expect(throws: SignatureRefusal.repeatedHeader("X-Sig")) {
      try scheme.verify(headers: headers, body: body, now: now)
    }
    #expect(throws: SignatureRefusal.missingHeader("X-Sig")) {
      try scheme.verify(headers: ["Other": "c"], body: body, now: now)
    }
  }
}
