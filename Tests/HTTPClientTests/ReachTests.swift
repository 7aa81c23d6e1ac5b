import Testing

@testable import HTTPClient

@Suite struct `Which addresses are public` {
  @Test(arguments: [
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1", "100.127.255.255", "100.100.100.200", "169.254.169.254", "168.63.129.16", "192.0.0.192",
    "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.9", "192.88.99.1", "224.0.0.1", "239.1.2.3",
    "240.0.0.1",
    "255.255.255.255", "::", "::1", "fe80::1", "febf::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1",
    "2001:db8::1", "2001:0:1::1", "2001:10::1", "3fff::1", "100::1", "4000::1", "::ffff:127.0.0.1",
    "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "::127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::808:808", "2002:7f00:1::", "2002:a00:1::1", "2002:c0a8:101::1",
  ])
  func `these are not`(text: String) throws {
    let address = try #require(IPAddress(text))
    #expect(!HTTPClient.Reach.publicOnly().permits(address))
    #expect(HTTPClient.Reach.anywhere.permits(address))
  }

  @Test(arguments: [
    "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
    "128.0.0.1", "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0",
    "198.17.255.255", "198.20.0.0", "223.255.255.255", "2606:4700::1111", "2001:4860:4860::8888",
    "2a00:1450::1",
    "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1",
  ])
  func `these are`(text: String) throws {
    #expect(HTTPClient.Reach.publicOnly().permits(try #require(IPAddress(text))))
  }

  @Test func `a public address of this machine is not, unless it is listed`() throws {
    let own: Set<IPAddress> = [IPAddress("8.8.8.8")!, IPAddress("2a00:1450::1")!]
    for text in ["8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1", "2a00:1450::1"] {
      let address = try #require(IPAddress(text))
      #expect(!HTTPClient.Reach.publicOnly().permits(address, own: own))
      #expect(!HTTPClient.Reach.publicOnly(allowing: ["9.9.9.9/32"]).permits(address, own: own))
    }
    let listed = HTTPClient.Reach.publicOnly(allowing: ["8.8.8.8/32", "2a00:1450::/32"])
    for address in own { #expect(listed.permits(address, own: own)) }
    #expect(HTTPClient.Reach.publicOnly().permits(IPAddress("8.8.4.4")!, own: own))
  }

  @Test func `the addresses of this machine are known`() {
    #expect(OwnAddresses.now.contains(IPAddress("127.0.0.1")!))
  }

  @Test func `a listed block is open, in either form of its addresses`() throws {
    let reach = HTTPClient.Reach.publicOnly(allowing: ["10.1.0.0/16", "fd00::/8"])
    for text in ["10.1.2.3", "::ffff:10.1.2.3", "fd12::1", "8.8.8.8"] {
      #expect(reach.permits(try #require(IPAddress(text))))
    }
    for text in ["10.2.0.1", "fc00::1", "64:ff9b::10.1.2.3", "127.0.0.1"] {
      #expect(!reach.permits(try #require(IPAddress(text))))
    }
  }
}

/// Against a server on 127.0.0.1 that must not see a connection.
@Suite(.timeLimit(.minutes(5)))
struct `Keeping requests inside their reach` {
  @Test(
    arguments: [
      ("127.0.0.1", "127.0.0.1"), ("localhost", nil), ("LOCALHOST.", nil), ("[::1]", "::1"),
      ("[::ffff:127.0.0.1]", "127.0.0.1"), ("0.0.0.0", "0.0.0.0"), ("0", "0.0.0.0"), ("[::]", "::"),
      ("2130706433", "127.0.0.1"), ("0x7f000001", "127.0.0.1"), ("0177.0.0.1", "127.0.0.1"),
      ("127.1", "127.0.0.1"),
      ("127.0.0.2", "127.0.0.2"), ("%31%32%37.0.0.1", "127.0.0.1"), ("user@127.0.0.1", "127.0.0.1"),
      ("8.8.8.8@127.0.0.1", "127.0.0.1"),
    ] as [(String, String?)])
  func `no way of writing this machine's address leads to it`(host: String, address: String?) async throws {
    try await withServer { connection in
      while connection.readHead() != nil { connection.answer() }
    } _: { client, server in
      let request = HTTPClient.Request(url: server.url(host: host), reach: .publicOnly())
      do {
        _ = try await client.send(request)
        Issue.record("reached")
      } catch HTTPClientError.forbiddenAddress(_, let found) {
        if let address { #expect(found == address) }
      } catch HTTPClientError.unreachable(_, let reason) where address == nil {
        // Where the resolver knows no such name.
        #expect(reason == "the name does not resolve")
      }
      #expect(server.accepted == 0)
    }
  }

  @Test func `a listed block is reached`() async throws {
    try await withServer { connection in
      while connection.readHead() != nil { connection.answer() }
    } _: { client, server in
      let request = HTTPClient.Request(url: server.url(), reach: .publicOnly(allowing: ["127.0.0.0/8"]))
      let response = try await client.send(request)
      #expect(response.text == "ok")
    }
  }

  @Test func `a kept connection of another request is no way around`() async throws {
    try await withServer { connection in
      while connection.readHead() != nil { connection.answer() }
    } _: { client, server in
      _ = try await client.send(.init(url: server.url()))
      let expected = HTTPClientError.forbiddenAddress(host: "127.0.0.1:\(server.port)", address: "127.0.0.1")
      await #expect(throws: expected) {
        _ = try await client.send(.init(url: server.url("/secret"), reach: .publicOnly()))
      }
      await #expect(throws: expected) {
        _ = try await client.stream(.init(url: server.url("/secret"), reach: .publicOnly()))
      }
    }
  }
}
