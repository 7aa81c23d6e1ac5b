import Catalog
import Glibc
import HTTPClient
import Primitives
import Processes
import Sessions
import TestSupport
import Testing

@testable import Hands

/// The proxy from inside a real sandbox, with `curl` as its client and a server of ours as the world.
@Suite struct EgressProxyTests {
  /// A resolver whose names all lead to loopback, which the operator lists.
  static func settings(_ names: NameLookup = local) -> EgressSettings {
    EgressSettings(allowing: ["127.0.0.1/32"], names: names)
  }
  static let local = NameLookup { _ in [IPAddress("127.0.0.1")!] }

  @Test func `a plain request goes through and is counted`() async throws {
    let world = try World()
    try await Bench.with(networking: .unrestricted, egress: Self.settings()) { bench async throws in
      let result = try await bench.bash("curl -sS http://world.example:\(world.port)/hello?x=1")
      #expect(result.text == "GET /hello?x=1 world.example:\(world.port)")
      let traffic = bench.traffic
      #expect(traffic.connections == 1 && traffic.refusals == 0)
      #expect(traffic.sent > 50 && traffic.received > 50)
    }
  }

  @Test func `a tunnel carries bytes both ways, many of them`() async throws {
    let world = try World()
    try await Bench.with(networking: .unrestricted, egress: Self.settings()) { bench async throws in
      let result = try await bench.bash(
        """
        head -c 3000000 /dev/urandom > data
        curl -sS --proxytunnel --data-binary @data -o back http://world.example:\(world.port)/echo
        cmp data back && echo same
        """)
      #expect(result.text == "same\n")
      #expect(bench.traffic.sent > 3_000_000 && bench.traffic.received > 3_000_000)
    }
  }

  @Test func `limited networking reaches its hosts and no others`() async throws {
    let world = try World()
    let networking = Networking.limited(["world.example"])
    try await Bench.with(networking: networking, egress: Self.settings()) { bench async throws in
      #expect(try await !bench.bash("curl -sSf http://world.example:\(world.port)/").isError)
      let refused = try await bench.bash("curl -sS -w ' %{http_code}' http://else.example:\(world.port)/")
      #expect(
        refused.text
          == "The environment's networking does not allow “else.example”. It allows world.example.\n 403")
      #expect(try await bench.bash("curl -sS https://else.example/").text.contains("403"))
      #expect(bench.traffic.refusals == 2)
    }
  }

  @Test func `without networking there is neither proxy nor route`() async throws {
    try await Bench.with(networking: .none, egress: Self.settings()) { bench async throws in
      #expect(try await bench.bash("env | grep -i proxy").isError)
      #expect(try await bench.bash("echo > /dev/tcp/127.0.0.1/\(EgressProxy.port)").isError)
      #expect(try await bench.bash("curl -sS -m 3 http://127.0.0.2:80/").isError)
    }
  }

  @Test func `the proxy is all there is, even when it is not asked`() async throws {
    let world = try World()
    try await Bench.with(networking: .unrestricted, egress: Self.settings()) { bench async throws in
      #expect(try await bench.bash("curl -sS -m 3 --noproxy '*' http://127.0.0.1:\(world.port)/").isError)
      #expect(try await bench.bash("curl -sS -m 3 --noproxy '*' http://93.184.216.34/").isError)
      // The address the proxy listens at is taken, and nobody inside owns it.
      #expect(try await bench.bash("echo $http_proxy").text == "http://127.0.0.1:3128\n")
    }
  }

  @Test func `a sandbox that died gets its way out again`() async throws {
    let world = try World()
    try await Bench.with(networking: .unrestricted, egress: Self.settings()) { bench async throws in
      for _ in 1...2 {
        #expect(try await !bench.bash("curl -sSf http://world.example:\(world.port)/").isError)
        await (bench.hands as? SandboxedHands)?.rest()
      }
      #expect(bench.traffic.connections == 2)
    }
  }

  @Test func `two sandboxes have a proxy each`() async throws {
    let world = try World()
    try await Bench.with(networking: .limited(["a.example"]), egress: Self.settings()) { one async throws in
      try await Bench.with(networking: .limited(["b.example"]), egress: Self.settings()) { two async throws in
        for (bench, mine, theirs) in [(one, "a", "b"), (two, "b", "a")] {
          #expect(try await !bench.bash("curl -sSf http://\(mine).example:\(world.port)/").isError)
          #expect(try await bench.bash("curl -sSf http://\(theirs).example:\(world.port)/").isError)
        }
      }
    }
  }

  @Test(arguments: [
    (["one.example": "no such name"], "502", "“one.example” could not be resolved: no such name.\n"),
    ([:], "502", "No connection to “one.example” on port 1: connection refused.\n"),
  ])
  func `what cannot be reached is told`(failing: [String: String], status: String, text: String) async throws
  {
    let names = NameLookup { host in
      if let reason = failing[host] { throw NameLookup.Failure(reason) }
      return [IPAddress("127.0.0.1")!]
    }
    try await Bench.with(networking: .unrestricted, egress: Self.settings(names)) { bench async throws in
      let result = try await bench.bash("curl -sS -w '%{http_code}' http://one.example:1/")
      #expect(result.text == text + status)
    }
  }

  @Test func `slow names of one sandbox are looked up a few at a time, and keep no other waiting`()
    async throws
  {
    let world = try World()
    let asked = Lock((open: 0, most: 0))
    let answer = Latch<Bool>()
    let names = NameLookup { host in
      if host == "fast.example" { return [IPAddress("127.0.0.1")!] }
      asked.withLock { asked in
        asked.open += 1
        asked.most = max(asked.most, asked.open)
      }
      _ = try await answer.wait()
      asked.withLock { $0.open -= 1 }
      throw NameLookup.Failure("no such name")
    }
    var settings = Self.settings(names)
    settings.limits.lookups = 2
    // However long it takes on a machine with much to do.
    settings.time = ManualTime(Timestamp("2026-11-12T09:00:00Z")!).time
    let limited = settings
    try await Bench.with(networking: .unrestricted, egress: limited) { one async throws in
      try await Bench.with(networking: .unrestricted, egress: limited) { two async throws in
        try await one.bash(
          """
          (for i in 1 2 3 4 5 6; do curl -sS http://slow$i.example/ >> out & done; wait; touch ended) &
          """)
        while asked.withLock({ $0.open }) < 2 { await Task.yield() }
        #expect(try await !two.bash("curl -sSf http://fast.example:\(world.port)/").isError)
        answer.set(true)
        let told = try await one.bash("while [ ! -e ended ]; do sleep 0.02; done; grep -c 'no such name' out")
        #expect(told.text == "6\n")
        #expect(asked.withLock { $0.most } == 2)
      }
    }
  }

  @Test(.timeLimit(.minutes(1)))
  func `what a session that ends still looks up is looked up no more`() async throws {
    let asked = Latch<Bool>()
    let cancelled = Latch<Bool>()
    let names = NameLookup { _ in
      asked.set(true)
      do {
        _ = try await Latch<Bool>().wait()
      } catch {
        cancelled.set(true)
      }
      throw NameLookup.Failure("no such name")
    }
    try await Bench.with(networking: .unrestricted, egress: Self.settings(names)) { bench async throws in
      try await bench.bash("curl -sS http://slow.example/ &")
      _ = try await asked.wait()
      await bench.hands.end()
      _ = try await cancelled.wait()
    }
  }

  @Test func `too many connections and too long a head are turned away`() async throws {
    var settings = Self.settings()
    settings.limits.connections = 2
    let hold = """
      for i in 1 2; do exec {fd}<>/dev/tcp/127.0.0.1/3128; done
      printf 'CONNECT a.example:1 HTTP/1.1\\r\\n' >&$fd
      exec 9<>/dev/tcp/127.0.0.1/3128; cat <&9
      """
    try await Bench.with(networking: .unrestricted, egress: settings) { bench async throws in
      let text = try await bench.bash("(\(hold))").text
      #expect(text.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
      #expect(
        text.hasSuffix("The sandbox has 2 connections open, which is its limit. Close some and try again.\n"))
      let long = try await bench.bash(
        "curl -sS -H \"X: $(head -c 20000 /dev/zero | tr '\\0' x)\" http://a.example/")
      #expect(long.text.hasPrefix("The head of the request is longer than the 16384 bytes"))
    }
  }

  @Test func `a request that does not come is cut off`() async throws {
    let clock = ManualTime(Timestamp("2026-11-12T09:00:00Z")!)
    var settings = Self.settings()
    settings.time = clock.time
    let quiet = settings
    try await Bench.with(networking: .unrestricted, egress: quiet) { bench async throws in
      try await bench.bash("(exec 9<>/dev/tcp/127.0.0.1/3128; printf GET >&9; cat <&9; touch ended) &")
      await clock.sleepers(1)
      #expect(try await bench.bash("ls").text == "(no output)")
      clock.advance(by: .seconds(31))
      #expect(try await bench.bash("wait; ls").text == "ended\n")
    }
  }
}
