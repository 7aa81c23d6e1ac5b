import ArgumentParser
import Foundation
import JSON
import Service
import TestSupport
import Testing

@testable import CLI

@Suite struct OptionsTests {
  private func options(_ arguments: String...) throws -> ServerOptions {
    try ServerOptions.parse(arguments)
  }

  @Test func `what is said on the command line comes before the environment`() throws {
    let environment = ["ERRAND_URL": "http://other:1", "ERRAND_API_KEY": "from-environment"]
    #expect(try options().server(environment).url == "http://other:1")
    #expect(try options("--url", "http://here:2").server(environment).url == "http://here:2")
    #expect(try options().shownKey(environment) == .environment("from-environment"))
    #expect(try options("--key", "given").shownKey(environment) == .option("given"))
  }

  @Test func `a data directory that is named gives its key, even over the environment's`() throws {
    let folder = try TemporaryFolder()
    try "errand_abc\n".write(toFile: "\(folder.path)/api-key", atomically: true, encoding: .utf8)
    let named = try options("--data", folder.path).shownKey(["ERRAND_API_KEY": "x"])
    #expect(try named.text() == "errand_abc")
    #expect(named == .file("\(folder.path)/api-key", isNamed: true))
    let own = try options().shownKey(["ERRAND_DATA": folder.path])
    #expect(own == .file("\(folder.path)/api-key", isNamed: true))
    #expect(try options().shownKey(["HOME": folder.path]) != own)
    if case .file(_, let isNamed) = try options().shownKey(["HOME": folder.path]) { #expect(!isNamed) }
    #expect(try own.text() == "errand_abc")
    #expect(try options().shownKey(["ERRAND_DATA": "\(folder.path)/other"]).text() == nil)
  }

  @Test(arguments: [
    ["runs", "--limit", "-1"], ["runs", "--state", "faild"], ["firings", "--decision", "x"],
    ["deliveries", "--state", "x"], ["schedules", "--state", "x"], ["schedules", "--limit", "0"],
    ["keys", "create", "ci", "--scope", "all"], ["run", "brief", "--overlap", "zzz"],
    ["backfill", "brief", "--from", "a", "--to", "b", "--overlap", "zzz"],
  ])
  func `a value that an option does not take is a wrong command line, and is named`(arguments: [String]) {
    let error = #expect(throws: (any Error).self) { try Errand.parseAsRoot(arguments) }
    #expect(error.map { Errand.exitCode(for: $0) } == .validationFailure)
    #expect(error.flatMap { Errand.parserWords($0) }?.contains(arguments.last ?? "") == true)
  }

  @Test func `a port that there cannot be is told as that`() {
    let error = #expect(throws: (any Error).self) { try Serve.parse(["--listen", "127.0.0.1:99999"]) }
    #expect(
      error.map { Serve.message(for: $0) }
        == "--listen: The port 99999 is out of range; ports go from 0 to 65535.")
  }

  @Test func `who is to type a body is told so`() throws {
    for words in [[], ["-"]] {
      let body = try BodyOptions.parse(words)
      #expect(body.notice(isTyped: true) == "The body is read from standard input. Ctrl-D ends it.")
      #expect(body.notice(isTyped: false) == nil)
    }
    #expect(try BodyOptions.parse(["body.yaml"]).notice(isTyped: true) == nil)
  }

  @Test func `input is JSON, or a file with JSON in it`() throws {
    let folder = try TemporaryFolder()
    try "{\"a\": 1}".write(toFile: "\(folder.path)/in.json", atomically: true, encoding: .utf8)
    #expect(try StartRun.read("@\(folder.path)/in.json") == ["a": 1])
    #expect(try StartRun.read("[true]") == [true])
    let bad = #expect(throws: Complaint.self) { try StartRun.read("{a") }
    #expect(bad?.description.hasPrefix("--input: this is not JSON:") == true)
    let missing = #expect(throws: Complaint.self) { try StartRun.read("@/no/such") }
    #expect(missing?.description == "/no/such can't be read: No such file or directory.")
  }

  @Test(arguments: [
    ["--listen", "here"], ["--listen", "h:99999"], ["--log-level", "loud"], ["--sandbox", "jail"],
    ["--allow-private", "10.0.0.0/33"], ["--allow-private", "intranet"],
    ["--trusted-proxy", "proxy.example.com"], ["--trusted-proxy", "10.0.0.0/40"],
    ["--web-search-url", "search.example"],
    ["--web-search-url", "ftp://search.example"], ["--web-search-url", "https://search.example/search?q="],
    ["--web-search-url", "https://user:password@search.example"],
  ])
  func `serve refuses settings that can't be`(arguments: [String]) {
    #expect(throws: (any Error).self) { try Serve.parse(arguments) }
  }

  @Test(arguments: [
    ("https://search.example", "https://search.example"), ("http://10.0.0.1:8888/", "http://10.0.0.1:8888"),
    ("https://search.example/searx/search", "https://search.example/searx/search"),
  ])
  func `the address of a search engine ends without a slash`(given: String, read: String) {
    #expect(Configuration.readSearchURL(given) == read)
  }
}
