import Crypto
import Primitives
import Signatures
import Testing

@Suite struct StandardWebhooksTests {
  let body = Array(#"{"type":"run.finished"}"#.utf8)
  let now = Timestamp(seconds: 1_790_000_000)

  func verify(
    _ webhooks: StandardWebhooks, id: [String] = ["msg_1"], timestamp: [String] = ["1790000000"],
    signature: [String]
  ) throws(SignatureRefusal) {
    try webhooks.verify(id: id, timestamp: timestamp, signature: signature, body: body, now: now)
  }

  @Test func `the published example is signed as published`() throws {
    let webhooks = try StandardWebhooks(secrets: ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
    let signature = webhooks.sign(
      id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: 1_614_265_330, body: Array(#"{"test": 2432232314}"#.utf8)
    )
    #expect(signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
  }

  @Test func `while secrets are exchanged, both sides may be first`() throws {
    let old = StandardWebhooks.newSecret(.seeded(1))
    let new = StandardWebhooks.newSecret(.seeded(2))
    let sender = try StandardWebhooks(secrets: [new, old])
    let both = sender.sign(id: "msg_1", timestamp: 1_790_000_000, body: body)
    #expect(both.split(separator: " ").count == 2)
    for secrets in [[old], [new], [old, new]] {
      try verify(StandardWebhooks(secrets: secrets), signature: [both])
    }
    let onlyOld = try StandardWebhooks(secrets: [old]).sign(id: "msg_1", timestamp: 1_790_000_000, body: body)
    try verify(StandardWebhooks(secrets: [new, old]), signature: [onlyOld])
    #expect(throws: SignatureRefusal.mismatch("webhook-signature")) {
      try verify(StandardWebhooks(secrets: [new]), signature: [onlyOld])
    }
  }

  @Test func `a new secret holds 32 random bytes`() throws {
    let secret = StandardWebhooks.newSecret()
    #expect(secret.hasPrefix("whsec_"))
    #expect(Base64.decode(String(secret.dropFirst(6)))?.count == 32)
    #expect(secret != StandardWebhooks.newSecret())
    #expect(try StandardWebhooks(secrets: [secret]).canSign)
  }

  @Test func `a public key verifies and never signs`() throws {
    let pair = Curve25519.Signing.PrivateKey()
    let secret = "whpk_" + Base64.encode(Array(pair.publicKey.rawRepresentation))
    let webhooks = try StandardWebhooks(secrets: [secret])
    let signature = try pair.signature(for: Array("msg_1.1790000000.".utf8) + body)
    try verify(webhooks, signature: ["v1a," + Base64.encode(Array(signature))])
    #expect(!webhooks.canSign)
    #expect(webhooks.sign(id: "msg_1", timestamp: 1, body: body) == "")
  }

  @Test func `the public key is no secret for v1, also beside a shared one`() throws {
    let pair = Curve25519.Signing.PrivateKey()
    let publicKey = Base64.encode(Array(pair.publicKey.rawRepresentation))
    let forged = try StandardWebhooks(secrets: ["whsec_" + publicKey])
      .sign(id: "msg_1", timestamp: 1_790_000_000, body: body)
    let webhooks = try StandardWebhooks(secrets: ["whpk_" + publicKey, StandardWebhooks.newSecret()])
    #expect(throws: SignatureRefusal.mismatch("webhook-signature")) {
      try verify(webhooks, signature: [forged])
    }
    #expect(throws: SignatureRefusal.self) {
      try verify(webhooks, signature: ["v1a" + forged.dropFirst(2)])
    }
  }

  @Test(arguments: [
    ("1789999700", nil), ("1790000300", nil),
    ("1789999699", SignatureRefusal.stale(seconds: 301, allowed: 300)),
    ("1790000301", .ahead(seconds: 301, allowed: 300)),
    ("999999999999999999", .ahead(seconds: 999_999_998_209_999_999, allowed: 300)),
    ("1790000000.0", .malformedTime("webhook-timestamp")),
    ("+1790000000", .malformedTime("webhook-timestamp")),
    ("-1", .malformedTime("webhook-timestamp")), (" 1790000000", .malformedTime("webhook-timestamp")),
    ("0x6ab13b80", .malformedTime("webhook-timestamp")), ("١٧٩٠٠٠٠٠٠٠", .malformedTime("webhook-timestamp")),
    ("9999999999999999999", .malformedTime("webhook-timestamp")), ("", .missingHeader("webhook-timestamp")),
  ])
  func `the time must be whole seconds, at most 300 away`(time: String, refusal: SignatureRefusal?) throws {
    let secret = StandardWebhooks.newSecret()
    let webhooks = try StandardWebhooks(secrets: [secret])
    let key = SymmetricKey(data: try #require(Base64.decode(String(secret.dropFirst(6)))))
    let code = HMAC<SHA256>.authenticationCode(for: Array("msg_1.\(time).".utf8) + body, using: key)
    var found: SignatureRefusal?
    do throws(SignatureRefusal) {
      try verify(webhooks, timestamp: [time], signature: ["v1," + Base64.encode(Array(code))])
    } catch {
      found = error
    }
    #expect(found == refusal)
  }

  @Test func `each of the three headers must come exactly once`() throws {
    let webhooks = try StandardWebhooks(secrets: [StandardWebhooks.newSecret()])
    let signature = webhooks.sign(id: "msg_1", timestamp: 1_790_000_000, body: body)
    try verify(webhooks, signature: [signature])
    #expect(throws: SignatureRefusal.missingHeader("webhook-id")) {
      try verify(webhooks, id: [], signature: [signature])
    }
    #expect(throws: SignatureRefusal.repeatedHeader("webhook-id")) {
      try verify(webhooks, id: ["msg_1", "msg_1"], signature: [signature])
    }
    #expect(throws: SignatureRefusal.missingHeader("webhook-timestamp")) {
      try verify(webhooks, timestamp: [], signature: [signature])
    }
    #expect(throws: SignatureRefusal.repeatedHeader("webhook-timestamp")) {
      try verify(webhooks, timestamp: ["1790000000", "1"], signature: [signature])
    }
    #expect(throws: SignatureRefusal.missingHeader("webhook-signature")) {
      try verify(webhooks, signature: [""])
    }
    #expect(throws: SignatureRefusal.repeatedHeader("webhook-signature")) {
      try verify(webhooks, signature: [signature, signature])
    }
  }

  @Test func `an id with a full stop is refused, for it could be split in two ways`() throws {
    let webhooks = try StandardWebhooks(secrets: [StandardWebhooks.newSecret()])
    let signature = webhooks.sign(id: "msg.1", timestamp: 1_790_000_000, body: body)
    #expect(
      throws: SignatureRefusal.malformedHeader("webhook-id", expected: "a text without a full stop")
    ) {
      try verify(webhooks, id: ["msg.1"], signature: [signature])
    }
  }

  @Test func `a heap of entries is refused before anything is computed`() throws {
    let webhooks = try StandardWebhooks(secrets: [StandardWebhooks.newSecret()])
    let signature = webhooks.sign(id: "msg_1", timestamp: 1_790_000_000, body: body)
    try verify(webhooks, signature: [Array(repeating: signature, count: 16).joined(separator: " ")])
    #expect(throws: SignatureRefusal.self) {
      try verify(webhooks, signature: [Array(repeating: signature, count: 17).joined(separator: " ")])
    }
  }
}
