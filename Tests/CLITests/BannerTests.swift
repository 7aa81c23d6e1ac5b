import Service
import Testing

@testable import CLI

@Suite struct BannerTests {
  private func lines(_ change: (inout Configuration) -> Void = { _ in }) -> [String] {
    var configuration = Configuration(
      dataDirectory: "/var/lib/errand",
      environment: ["ERRAND_API_KEY": "errand_secret", "ANTHROPIC_API_KEY": "sk-secret"])
    change(&configuration)
    return Banner(configuration).lines(port: 8700)
  }

  @Test func `the first line is what other programs wait for`() {
    #expect(lines().first == "errand is ready at http://127.0.0.1:8700")
    #expect(lines { $0.address = "0.0.0.0" }.first == "errand is ready at http://127.0.0.1:8700")
    #expect(lines { $0.address = "::" }.first == "errand is ready at http://[::1]:8700")
  }

  @Test func `no secret is ever printed`() {
    #expect(!lines().joined().contains("secret"))
    #expect(lines().contains("  key    in $ERRAND_API_KEY"))
    #expect(lines { $0.environment = [:] }.contains("  key    in /var/lib/errand/api-key"))
  }

  @Test func `what is dangerous is said`() {
    #expect(lines { $0.sandbox = .none }.contains { $0.contains("without a sandbox") })
    #expect(lines { $0.address = "0.0.0.0" }.contains { $0.contains("other machines") })
    #expect(lines { $0.environment = [:] }.contains { $0.contains("ANTHROPIC_API_KEY is not set") })
  }
}
