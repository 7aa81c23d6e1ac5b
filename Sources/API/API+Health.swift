import HTTPServer
import JSON
import Primitives
import Store

extension API {
  /// 200 while the server can do its work, else 503 with what is wrong. Strangers hear which part it is; what exactly,
  /// with names and paths, only those who show a key.
  func health(_ request: Request) async -> HTTPResponse {
    let findings = await health.findings()
    let now = JSON.string(time.now().description)
    let isTold = key(in: request.http.headers) != nil
    let notices = isTold ? health.notices.map { JSON.string($0) } : []
    guard !findings.isEmpty else {
      var well: JSON.Object = ["status": "ok", "time": now]
      if !notices.isEmpty { well["notices"] = .array(notices) }
      return json(.object(well))
    }
    let reasons = findings.map { finding -> JSON in
      var reason: JSON.Object = ["check": .string(finding.check), "reason": .string(finding.sentence)]
      if isTold { reason["detail"] = .string(finding.detail) }
      return .object(reason)
    }
    let message = findings.map { isTold ? "\($0.check): \($0.detail)" : "\($0.check): \($0.sentence)" }
    var failing: JSON.Object = [
      "status": "failing", "time": now, "reasons": .array(reasons), "type": "error",
      "error": ["type": "api_error", "message": .string(message.joined(separator: " "))],
    ]
    if !notices.isEmpty { failing["notices"] = .array(notices) }
    var response = json(.object(failing), status: 503)
    response.headers.append(("x-should-retry", "true"))
    return response
  }
}
