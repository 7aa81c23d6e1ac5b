import JSON
import Jobs
import Primitives

/// Which line a firing stands in, and by what rule.
struct Turn: Equatable {
  var line: String
  var rule: Rule
  var window: Duration?
  /// The rendered key of a webhook.
  var key: String?

  /// The longest key, in bytes.
  static let keyLimit = 256

  /// Nil when the firing meets nobody: a webhook without a key. Every start by time or by hand stands in one line,
  /// also one that asks nobody: a later one may ask.
  /// - Throws: `TemplateError` or `KeyProblem` for a key that cannot be made of this webhook.
  init?(_ job: Job, _ occurrence: Occurrence, context: @autoclosure () throws -> JSON) throws {
    switch occurrence.cause {
    case .receipt:
      guard let trigger = job.triggers.first(where: { $0.id == occurrence.trigger }),
        let template = trigger.key
      else { return nil }
      let key = try Turn.key(occurrence.key ?? Template.renderPlain(template, context: try context()).text)
      self.init(line: Line.ofKey(key), rule: Rule(trigger.repeatPolicy), window: trigger.window, key: key)
    case .time, .request:
      self.init(
        line: Line.times, rule: Rule(occurrence.overlap ?? job.effectiveOverlap), window: nil, key: nil)
    }
  }

  init(line: String, rule: Rule, window: Duration?, key: String?) {
    self.line = line
    self.rule = rule
    self.window = window
    self.key = key
  }

  /// The key as it is kept: outside text, so bounded, and on one line without anything that moves a cursor.
  static func key(_ rendered: String) throws(KeyProblem) -> String {
    var key = ""
    for scalar in rendered.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator, .spaceSeparator:
        if !key.isEmpty && !key.hasSuffix(" ") { key.append(" ") }
      case .format, .surrogate, .privateUse: continue
      default: key.unicodeScalars.append(scalar)
      }
      if key.utf8.count > keyLimit { throw .tooLong(limit: keyLimit) }
    }
    if key.hasSuffix(" ") { key.removeLast() }
    if key.isEmpty { throw .empty }
    // All webhooks would have the same one.
    if key.contains("(hidden)") { throw .hidden }
    return key
  }
}

/// What makes a rendered key useless.
enum KeyProblem: Error, Equatable, CustomStringConvertible {
  case empty
  case tooLong(limit: Int)
  case hidden

  var description: String {
    switch self {
    case .empty:
      "the trigger's key came out empty for this webhook. Build it from something that every one has."
    case .hidden:
      "the trigger's key is made of something that is a credential and hidden. Build it from something else."
    case .tooLong(let limit):
      "the trigger's key came out longer than \(limit) bytes for this webhook. Build it from ids, not from texts."
    }
  }
}
