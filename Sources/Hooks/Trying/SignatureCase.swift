package import JSON
import Primitives
import Reading
import Signatures

/// One request to be judged without a server: which scheme it claims, the secret, and the judge's clock.
///
///     {"id": "…", "scheme": "github-sha256", "secret": "…", "headers": {"X-Hub-Signature-256": "sha256=…"},
///      "body_base64": "…", "now_unix": 1789096471}
package enum SignatureCase {
  /// `{"verdict": "accept" | "reject", "reason": "…"}`. What is no case is rejected, saying so: every line has
  /// its answer.
  package static func judge(_ line: some Collection<UInt8>) -> JSON {
    do {
      let json = try JSON(parsing: line)
      guard let name = json["scheme"]?.stringValue, let secret = json["secret"]?.stringValue,
        let headers = json["headers"]?.objectValue,
        let body = json["body_base64"]?.stringValue.flatMap(Base64.decode),
        let now = json["now_unix"]?.integerValue
      else {
        return reject("The line is no case: it needs scheme, secret, headers, body_base64 and now_unix.")
      }
      guard let scheme = SchemeName(rawValue: name) else {
        let known = SchemeName.allCases.map(\.rawValue)
        return reject("There is no scheme \(quoted(name)). There are: \(known.joined(separator: ", ")).")
      }
      let fields = headers.flatMap { name, value in
        (value.arrayValue ?? [value]).map { (name, $0.stringValue ?? "") }
      }
      try scheme.scheme(secrets: [secret]).verify(
        headers: SignatureHeaders(fields), body: body, now: Timestamp(seconds: now))
      return ["verdict": "accept", "reason": "The proof fits to the body and the secret."]
    } catch {
      return reject(String(describing: error))
    }
  }

  private static func reject(_ reason: String) -> JSON {
    ["verdict": "reject", "reason": .string(reason)]
  }
}
