import Catalog
import HTTPClient
import Testing

@testable import Hands

@Suite struct EgressRulesTests {
  static let limited = Networking.limited(["api.example.com", "*.example.org"])

  @Test(arguments: [
    (Networking.unrestricted, "anything.example", true), (limited, "api.example.com", true),
    (limited, "example.com", false), (limited, "xapi.example.com", false), (limited, "a.b.example.org", true),
    (limited, "example.org", false), (limited, ".example.org", false), (limited, "badexample.org", false),
    (limited, "93.184.216.34", false), (.none, "api.example.com", false),
  ])
  func `hosts are allowed by the environment`(networking: Networking, host: String, isAllowed: Bool) {
    let rules = EgressRules(networking: networking, reach: .publicOnly())
    #expect(((try? rules.check(host)) != nil) == isAllowed)
  }

  @Test(arguments: [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1", "100.100.100.200", "168.63.129.16", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1",
    "fc00::1", "fd00:ec2::254", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "64:ff9b:1::7f00:1", "2002:7f00:1::", "2002:a00:1::1", "2001:0:4136:e378::",
    "ff02::1",
    "2001:db8::1",
  ])
  func `an address that is not public is refused`(text: String) throws {
    let address = try #require(IPAddress(text))
    let rules = EgressRules(networking: .unrestricted, reach: .publicOnly())
    let error = #expect(throws: EgressRefusal.self) {
      try rules.permitted([address], of: "h.example", port: 443)
    }
    #expect(
      error?.description
        == "“h.example” has no public address of another machine, and sandboxes reach no others unless the operator "
        + "of this server lists them (--allow-private).")
    #expect(error?.status == 403)
  }

  @Test func `of a name's addresses only those that pass are connected to`() throws {
    let addresses = try ["10.0.0.1", "93.184.216.34", "::1"].map { try #require(IPAddress($0)) }
    let rules = EgressRules(networking: .unrestricted, reach: .publicOnly())
    #expect(try rules.permitted(addresses, of: "h", port: 443).map(\.description) == ["93.184.216.34"])
  }

  @Test func `the operator's own addresses are open on every port`() throws {
    let address = try #require(IPAddress("10.1.2.3"))
    let rules = EgressRules(networking: Self.limited, reach: .publicOnly(allowing: ["10.1.0.0/16"]))
    #expect(try rules.permitted([address], of: "h", port: 8080) == [address])
    #expect(throws: EgressRefusal.self) { try rules.permitted([IPAddress("10.2.0.1")!], of: "h", port: 8080) }
  }

  @Test(
    arguments: [
      (limited, 80, nil), (limited, 443, nil), (.unrestricted, 22, nil),
      (limited, 22, "Port 22 of “h” is not open to sandboxes with limited networking; 80 and 443 are."),
      (.unrestricted, 25, "Port 25 is closed to sandboxes: mail is not sent from here."),
    ] as [(Networking, UInt16, String?)])
  func `ports are few where networking is limited`(networking: Networking, port: UInt16, refusal: String?)
    throws
  {
    let address = try #require(IPAddress("93.184.216.34"))
    let rules = EgressRules(networking: networking, reach: .publicOnly())
    if let refusal {
      let error = #expect(throws: EgressRefusal.self) { try rules.permitted([address], of: "h", port: port) }
      #expect(error?.description == refusal)
    } else {
      #expect(try rules.permitted([address], of: "h", port: port) == [address])
    }
  }

  @Test func `every refusal is a sentence with a status`() {
    let refusals: [(EgressRefusal, Int, String)] = [
      (
        .headTooLong(limit: 9), 431,
        "The head of the request is longer than the 9 bytes that the sandbox's proxy takes."
      ),
      (
        .tooMany(limit: 2), 503,
        "The sandbox has 2 connections open, which is its limit. Close some and try again."
      ),
      (
        .hostNotAllowed("h", allowed: ["a", "b"]), 403,
        "The environment's networking does not allow “h”. It allows a, b."
      ),
      (.unknownHost("h", reason: "no such name"), 502, "“h” could not be resolved: no such name."),
      (.unreachable("h", port: 1, reason: "refused"), 502, "No connection to “h” on port 1: refused."),
    ]
    for (refusal, status, text) in refusals {
      #expect(refusal.status == status)
      #expect(refusal.description == text)
    }
  }
}
