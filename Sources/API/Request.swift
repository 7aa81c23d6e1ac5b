import HTTPServer
import JSON
import Jobs
import Primitives
import Reading
import Sessions
import Store

/// A request whose route is known.
struct Request: Sendable {
  let http: HTTPRequest
  /// The `:name` parts of the route.
  let path: [String: String]
  /// Nil on routes that ask for none.
  let key: APIKey?
  /// Who asks; nil on routes that ask for no key. Keys are the owner's to give.
  var actor: Actor? { key.map { Actor(name: "the key \($0.name)", lane: .owner) } }

  func path(_ name: String) -> String { path[name] ?? "" }

  /// The last value of a query parameter; nil when it is absent or empty. Clients whose language has one way for lists
  /// and single values write `name[]=` for these too, and some add the next page's cursor to the query of the last.
  func query(_ name: String) -> String? {
    let value = lastValue(of: name)
    return value == "" ? nil : value
  }

  private func lastValue(of name: String) -> String? {
    http.query.last { Request.isNamed($0.name, name) }?.value
  }

  /// All values of an array parameter, written `name[]=`, `name[0]=`, plainly repeated, or with commas between them.
  /// None of those that there are has a comma in it.
  func queryArray(_ name: String) -> [String] {
    http.query.filter { Request.isNamed($0.name, name) }
      .flatMap { $0.value.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
  }

  /// Whether a field of the query is a parameter, or an element of it.
  private static func isNamed(_ field: String, _ name: String) -> Bool {
    guard field.hasPrefix(name) else { return false }
    let rest = field.dropFirst(name.count)
    if rest.isEmpty { return true }
    return rest.first == "[" && rest.last == "]"
      && rest.dropFirst().dropLast().allSatisfy { $0.isASCII && $0.isNumber }
  }

  /// - Throws: `APIError.invalid` outside `1...maximum`.
  func limit(default standard: Int, maximum: Int) throws -> Int {
    try number("limit", in: 1...maximum) ?? standard
  }

  /// - Throws: `APIError.invalid` when it is no number in the range.
  func number(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
    guard let text = lastValue(of: name) else { return nil }
    guard let number = Int(text), range.contains(number) else {
      throw APIError.invalid(
        "\(name): Expected a whole number from \(range.lowerBound) to \(range.upperBound), found \(quoted(text))."
      )
    }
    return number
  }

  /// - Throws: `APIError.invalid` for anything but `true` and `false`.
  func flag(_ name: String) throws -> Bool {
    switch query(name) {
    case nil, "false": return false
    case "true": return true
    case let text?: throw APIError.invalid("\(name): Expected true or false, found \(quoted(text)).")
    }
  }

  /// The range of `name[gt]`, `name[gte]`, `name[lt]` and `name[lte]`.
  /// - Throws: `APIError.invalid` for what is no RFC 3339 time, and for other bounds than these.
  func times(_ name: String) throws -> TimeRange {
    let bounds = ["gt", "gte", "lt", "lte"].map { "\(name)[\($0)]" }
    for field in http.query.map(\.name) where Request.isNamed(field, name) || field.hasPrefix("\(name)[") {
      guard bounds.contains(where: { Request.isNamed(field, $0) }) else {
        throw APIError.invalid(
          "\(quoted(field)): There is no such bound. Expected \(bounds.dropLast().joined(separator: ", ")) or "
            + "\(bounds.last ?? "").")
      }
    }
    func time(_ bound: String) throws -> Timestamp? {
      try lastValue(of: "\(name)[\(bound)]").map { text in
        // A plus sign that was not encoded means a space in a query. Without an offset it is UTC.
        let readings = [text, text.replacing(" ", with: "+"), text + "Z"]
        guard let time = readings.lazy.compactMap(Timestamp.init).first else {
          throw APIError.invalid(
            "\(name)[\(bound)]: Expected a time such as 2026-11-20T09:00:00Z, found \(quoted(text)).")
        }
        return time
      }
    }
    var range = TimeRange()
    range.after = try time("gt")
    range.from = try time("gte")
    range.before = try time("lt")
    range.to = try time("lte")
    return range
  }

  /// The value of a parameter that names one of a few things.
  /// - Parameter besides: what else may stand there, for whoever is told of the choice.
  func choice<Choice: RawRepresentable & CaseIterable>(
    _ name: String, _: Choice.Type, besides: [String] = []
  ) throws -> Choice? where Choice.RawValue == String {
    try query(name).map { try Request.choice(name, $0, besides: besides) }
  }

  /// The values of an array parameter whose elements are each one of a few things.
  func choices<Choice: RawRepresentable & CaseIterable>(
    _ name: String, _: Choice.Type
  ) throws -> [Choice] where Choice.RawValue == String {
    try queryArray(name).map { try Request.choice(name, $0) }
  }

  private static func choice<Choice: RawRepresentable & CaseIterable>(
    _ name: String, _ text: String, besides: [String] = []
  ) throws -> Choice where Choice.RawValue == String {
    guard let choice = Choice(rawValue: text) else {
      let allowed = Choice.allCases.map(\.rawValue) + besides
      let nearest = Nearest.to(text, among: allowed).map { " Did you mean “\($0)”?" } ?? ""
      throw APIError.invalid(
        "\(name): “\(text)” is not one of \(allowed.joined(separator: ", ")).\(nearest)")
    }
    return choice
  }

  /// Whether the list is asked for in descending order.
  func isDescending(default standard: Bool) throws -> Bool {
    enum Order: String, CaseIterable { case asc, desc }
    return try choice("order", Order.self).map { $0 == .desc } ?? standard
  }

  /// Where the page begins that the request asks for; nil for the first.
  /// - Parameters:
  ///   - list: what the cursor must have been made for; also its order.
  ///   - created: the times that the list is limited to; the cursor must stand among them.
  /// - Throws: `APIError.invalid` for a cursor of another list or outside of the times, `StoreError.badCursor` for no
  ///   cursor at all.
  func cursor(of list: String, within created: TimeRange = TimeRange()) throws -> JSON? {
    guard let text = lastValue(of: "page") else { return nil }
    if text.isEmpty {
      throw APIError.invalid(
        "page: Expected the next_page of an earlier answer, found nothing. Leave it out for the first page.")
    }
    let payload = try Cursor(text).payload
    guard payload["list"]?.stringValue == list else {
      throw APIError.invalid(
        "page: This cursor belongs to another list, or to another order of it. Begin again without it.")
    }
    if let place = payload["at"]?.stringValue.flatMap(Timestamp.init), !created.contains(place) {
      throw APIError.invalid(
        "page: This cursor stands at \(place), which created_at leaves out now. Begin again without it.")
    }
    return payload
  }

  /// The key under which the request may be repeated.
  /// - Throws: `APIError.invalid` for an unusable one.
  func idempotencyKey() throws -> String? {
    guard let key = http.headers.first("idempotency-key") else { return nil }
    if key.isEmpty || key.utf8.count > 255 {
      throw APIError.invalid("Idempotency-Key: use 1 to 255 characters.")
    }
    return key
  }

  /// Lower than what the store takes: bodies are kept inside other values.
  private static let limits = JSON.Limits(depth: 64, numbers: .exact)

  /// The body as a JSON object; an empty body is an empty object.
  func object() throws -> JSON {
    if http.body.isEmpty { return [:] }
    if let coding = http.headers.first("content-encoding"), coding.lowercased() != "identity" {
      throw APIError.unsupportedCoding(coding)
    }
    let parameters = HeaderParameters.read(http.headers.first("content-type") ?? "").parameters
    if let charset = parameters["charset"], !["utf-8", "utf8", "us-ascii"].contains(charset.lowercased()) {
      throw APIError.unsupportedCharset(charset)
    }
    let body: JSON
    do {
      body = try JSON(parsing: http.body, limits: Request.limits)
    } catch {
      throw APIError.invalid("The body is not JSON: \(error)")
    }
    guard body.objectValue != nil else { throw APIError.invalid("The body must be a JSON object.") }
    return body
  }

  /// For requests that take no body: an empty one and `{}` are none.
  func expectNoFields() throws {
    if let key = try object().objectValue?.keys.first {
      throw APIError.invalid("\(key): This request takes no fields.")
    }
  }
}
