import Catalog
import HTTPServer
import JSON
import PathSupport
import Primitives
import Store
import TestSupport
import Testing

@testable import API

/// Queries as clients of several languages write them.
@Suite(.timeLimit(.minutes(5))) struct QueryTests {
  private static func request(_ query: String) -> Request {
    Request(http: HTTPRequest(method: "GET", target: "/v1/agents?\(query)"), path: [:], key: nil)
  }

  @Test(arguments: [
    ("page=A", "A"), ("page[]=A&page[]=B", "B"), ("page%5B%5D=A&page=B", "B"), ("page=A&page[]=B", "B"),
    ("page[0]=A&page[1]=B", "B"), ("page=", nil), ("pages=A", nil), ("page[gte]=A", nil), ("xpage[]=A", nil),
  ])
  func `of a single value the last one counts, however it is written`(query: String, value: String?) {
    #expect(Self.request(query).query("page") == value)
  }

  @Test(arguments: ["limit=2", "limit[]=9&limit[]=2", "limit%5B%5D=2", "limit[0]=2"])
  func `numbers too`(query: String) throws {
    #expect(try Self.request(query).limit(default: 20, maximum: 100) == 2)
  }

  @Test(arguments: [
    "types[]=a&types[]=b", "types=a&types=b", "types=a,b", "types[0]=a&types[1]=b", "types%5B%5D=a&types=b",
    "types[]=a,b",
  ])
  func `a list has one meaning in each of its forms`(query: String) {
    #expect(Self.request(query).queryArray("types") == ["a", "b"])
  }

  @Test(arguments: [
    "created_at[gte]=2026-11-12T09:00:00Z", "created_at%5Bgte%5D=2026-11-12T09%3A00%3A00Z",
    "created_at[gte][]=2026-11-12T08:00:00Z&created_at[gte][]=2026-11-12T09:00:00Z",
  ])
  func `bounds too`(query: String) throws {
    #expect(try Self.request(query).times("created_at").from?.description == "2026-11-12T09:00:00Z")
  }

  @Test(arguments: [
    (
      "created_at[foo]=2026-11-12T09:00:00Z",
      #""created_at[foo]": There is no such bound. Expected created_at[gt], created_at[gte], created_at[lt] or created_at[lte]."#
    ),
    (
      "created_at[gte]=2026-11-12T09:00:00Z&created_at=2026-11-12T09:00:00Z",
      #""created_at": There is no such bound. Expected created_at[gt], created_at[gte], created_at[lt] or created_at[lte]."#
    ),
    (
      "created_at[]=2026-11-12T09:00:00Z",
      #""created_at[]": There is no such bound. Expected created_at[gt], created_at[gte], created_at[lt] or created_at[lte]."#
    ),
    ("created_at[gte]=", #"created_at[gte]: Expected a time such as 2026-11-20T09:00:00Z, found ""."#),
    ("created_at[lt][]=", #"created_at[lt]: Expected a time such as 2026-11-20T09:00:00Z, found ""."#),
  ])
  func `bounds that mean nothing are refused with those that do`(query: String, sentence: String) throws {
    let error = #expect(throws: APIError.self) { try Self.request(query).times("created_at") }
    #expect(error?.description == sentence)
  }

  @Test func `bounds of another name are none of this one's`() throws {
    #expect(try Self.request("created_atx[foo]=1&xcreated_at[gte]=2").times("created_at").from == nil)
  }

  @Test(arguments: ["page=", "page[]=", "page[0]="])
  func `an empty page is refused with a whole sentence`(query: String) throws {
    let error = #expect(throws: APIError.self) { try Self.request(query).cursor(of: "agents") }
    #expect(
      error?.description
        == "page: Expected the next_page of an earlier answer, found nothing. Leave it out for the first page."
    )
  }

  @Test func `a client that adds each cursor to the query comes to the end`() async throws {
    try await withAPI { api in
      for number in 0..<5 {
        var agent = APIBench.agent.objectValue ?? [:]
        agent["name"] = .string("agent-\(number)")
        #expect(try await api.post("/v1/agents", .object(agent)).status == 200)
        api.path.clock.advance(by: .seconds(1))
      }
      var query = "limit[]=2"
      var seen: [String] = []
      for _ in 0..<4 {
        let page = try await api.get("/v1/agents?\(query)").json
        seen += page["data"]?.arrayValue?.compactMap { $0["name"]?.stringValue } ?? []
        guard let next = page["next_page"]?.stringValue else { break }
        query += "&page[]=\(next)"
      }
      #expect(seen == ["agent-4", "agent-3", "agent-2", "agent-1", "agent-0"])
    }
  }

  @Test(arguments: [80, 200, 1000])
  func `a form's boundary may be longer than the standard says`(length: Int) async throws {
    let boundary = String(repeating: "b", count: length)
    try await withAPI { api in
      let form =
        "--\(boundary)\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nabc"
        + "\r\n--\(boundary)--\r\n"
      let answer = try await api.send(
        "POST", "/v1/files", Array(form.utf8),
        and: [(name: "content-type", value: "multipart/form-data; boundary=\(boundary)")])
      #expect(answer.status == 200, "\(answer.text)")
      #expect(answer.json["size_bytes"] == 3)
    }
  }

  @Test(arguments: ["efs-2026-10-01", "google-managed-data-controls-2026-09-01"])
  func `betas of current clients are known`(beta: String) async throws {
    try await withAPI { api in
      let headers = [(name: "anthropic-beta", value: "managed-agents-2026-04-01,\(beta)")]
      let answer = try await api.send("GET", "/v1/agents", and: headers)
      #expect(answer.status == 200, "\(answer.text)")
    }
  }

  @Test func `a version may be a text of digits, and a cloud have its older name`() async throws {
    try await withAPI { api in
      let agent = try #require(try await api.agent()["id"]?.stringValue)
      let made = try await api.post(
        "/v1/environments", ["name": "old", "config": ["type": "anthropic_cloud"]])
      #expect(made.status == 200, "\(made.text)")
      #expect(made.json["config"]?["type"] == "cloud")
      let id = try #require(made.json["id"]?.stringValue)
      let session = try await api.post(
        "/v1/sessions",
        ["agent": ["type": "agent", "id": .string(agent), "version": "1"], "environment_id": .string(id)])
      #expect(session.status == 200, "\(session.text)")
      #expect(session.json["agent"]?["version"] == 1)
      let stale = try await api.post("/v1/agents/\(agent)", ["version": "7", "name": "other"])
      #expect(stale.status == 409, "\(stale.text)")
      let update = try await api.post("/v1/agents/\(agent)", ["version": "1", "name": "other"])
      #expect(update.json["version"] == 2, "\(update.text)")
      let same = try await api.post("/v1/environments/\(id)", ["config": ["type": "anthropic_cloud"]])
      #expect(same.status == 200, "\(same.text)")
      let own = try await api.post("/v1/environments", ["name": "own", "config": ["type": "self_hosted"]])
      let ownID = try #require(own.json["id"]?.stringValue)
      let moved = try await api.post("/v1/environments/\(ownID)", ["config": ["type": "anthropic_cloud"]])
      #expect(moved.json["error"]?["details"]?["error_code"] == "invalid_config_type_change")
    }
  }
}
