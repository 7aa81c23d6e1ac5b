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
    #expect(try options().key(environment) == "from-environment")
    #expect(try options("--key", "given").key(environment) == "given")
  }

  @Test func `a data directory that is named gives its key, even over the environment's`() throws {
    let folder = try TemporaryFolder()
    try "errand_abc\n".write(toFile: "\(folder.path)/api-key", atomically: true, encoding: .utf8)
    #expect(try options("--data", folder.path).key(["ERRAND_API_KEY": "x"]) == "errand_abc")
    #expect(try options().key(["ERRAND_DATA": folder.path]) == "errand_abc")
  }

  @Test func `a data directory without a key is a complaint, no directory at all is none`() throws {
    let folder = try TemporaryFolder()
    let complaint = #expect(throws: Complaint.self) { try options("--data", folder.path).key([:]) }
    #expect(
      complaint?.description == "There is no key to show: the file \(folder.path)/api-key does not exist.")
    #expect(try options().key(["ERRAND_DATA": folder.path]) == nil)
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
