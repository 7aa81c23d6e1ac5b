import JSON
import Jobs

extension Trigger {
  /// Keys are compared and indexed, so they stay short. In characters.
  static let keyLimit = 500

  /// What the webhook is about; nil when the trigger has no key, or nothing comes out.
  /// - Parameter context: what templates see as `trigger`.
  /// - Throws: `TemplateError`, `KeyError`.
  func renderedKey(_ job: Job, _ context: JSON.Object) throws -> String? {
    guard let key else { return nil }
    let text = try Template.renderPlain(
      key,
      context: [
        "trigger": .object(context),
        "job": ["name": .string(job.name), "description": .string(job.description ?? "")],
      ])
    if text.count > Trigger.keyLimit { throw KeyError.tooLong(characters: text.count) }
    return text.isEmpty ? nil : text
  }
}

enum KeyError: Error, Equatable, CustomStringConvertible {
  case tooLong(characters: Int)

  var description: String {
    switch self {
    case .tooLong(let characters):
      "It has \(characters) characters, at most \(Trigger.keyLimit) are taken. Make it of shorter fields, such as "
        + "a number or an id."
    }
  }
}
