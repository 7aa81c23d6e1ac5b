import HTTPServer
import JSON
import Store

/// A request whose route is known.
struct Request: Sendable {
  let http: HTTPRequest
  /// The `:name` parts of the route.
  let path: [String: String]

  func path(_ name: String) -> String { path[name] ?? "" }

  /// The last value of a query parameter; nil when it is absent or empty.
  func query(_ name: String) -> String? {
    let value = http.query.last { $0.name == name }?.value
    return value == "" ? nil : value
  }

  /// All values of an array parameter, written `name[]=` or plainly repeated.
  func queryArray(_ name: String) -> [String] {
    http.query.filter { $0.name == name || $0.name == "\(name)[]" }.map(\.value)
  }

  /// - Throws: `APIError.invalid` outside `1...maximum`.
  func limit(default standard: Int, maximum: Int) throws -> Int {
    guard let text = query("limit") else { return standard }
    guard let limit = Int(text), (1...maximum).contains(limit) else {
      throw APIError.invalid("limit: “\(text)” is not a number from 1 to \(maximum).")
    }
    return limit
  }

  /// The value of a parameter that names one of a few things.
  func choice<Choice: RawRepresentable & CaseIterable>(
    _ name: String, _: Choice.Type
  ) throws -> Choice? where Choice.RawValue == String {
    guard let text = query(name) else { return nil }
    guard let choice = Choice(rawValue: text) else {
      let allowed = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw APIError.invalid("\(name): “\(text)” is not one of \(allowed).")
    }
    return choice
  }

  /// Where the page begins that the request asks for; nil for the first.
  /// - Parameter members: what a cursor of this list has in it.
  /// - Throws: `StoreError.badCursor` for a cursor that this list did not make.
  func cursor(_ members: String...) throws -> JSON? {
    guard let text = query("page") else { return nil }
    let payload = try Cursor(text).payload
    guard members.allSatisfy({ payload[$0] != nil }) else { throw StoreError.badCursor(text) }
    return payload
  }

  /// The key that makes repeats of a request one.
  /// - Throws: `APIError.invalid`.
  func idempotencyKey() throws -> String? {
    let key = http.headers.first("idempotency-key")
    if let key, key.isEmpty || key.utf8.count > 255 {
      throw APIError.invalid("Idempotency-Key: use 1 to 255 characters.")
    }
    return key
  }

  /// The body as a JSON object; an empty body is an empty object.
  func object() throws -> JSON {
    if http.body.isEmpty { return [:] }
    let body: JSON
    do {
      body = try JSON(parsing: http.body)
    } catch {
      throw APIError.invalid("The body is not JSON: \(error)")
    }
    guard body.objectValue != nil else { throw APIError.invalid("The body must be a JSON object.") }
    return body
  }
}
