import Catalog
import HTTPClient
import PathSupport
import Primitives
import Store
import TestSupport
import Testing

@testable import API

@Suite(.timeLimit(.minutes(5))) struct LinksRouteTests {
  private static func add(_ api: APIBench, named name: String) async throws -> String {
    try await api.path.database.write { tx in
      let content = try api.path.files.keep(Array("a,b".utf8))
      return try api.path.files.add(tx, content, named: name, session: "sesn_1").id
    }
  }

  @Test func `who has a link needs no key, for as long as it lasts`() async throws {
    try await withAPI { api in
      let id = try await Self.add(api, named: "out/table “a”.csv")
      let link = try #require(APIBench.links.link(to: id, now: api.path.clock.now))
      let target = String(link.dropFirst(APIBench.base.count))
      let answer = try await api.send("GET", target, headers: [])
      #expect(answer.status == 200)
      #expect(answer.text == "a,b")
      #expect(
        answer.headers.first("content-disposition")
          == "attachment; filename=\"table _a_.csv\"; filename*=UTF-8''table%20%E2%80%9Ca%E2%80%9D.csv")
      #expect(try await api.send("HEAD", target, headers: []).status == 200)
      #expect(try await api.send("GET", String(target.dropLast()) + "x", headers: []).status == 403)
      #expect(try await api.send("GET", "/v1/files/\(id)/content", headers: []).status == 401)
      #expect(try await api.send("GET", target.replacing("/content", with: ""), headers: []).status == 401)
      #expect(try await api.send("DELETE", target, headers: []).status != 200)
      api.path.clock.advance(by: FileLinks.lifetime + .seconds(1))
      let late = try await api.send("GET", target, headers: [])
      #expect(late.status == 410)
      #expect(late.text.hasPrefix("This link worked until "))
    }
  }
}
