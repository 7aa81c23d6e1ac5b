import Reading

/// Why a template cannot be used, or not with these values.
package struct TemplateError: Error, Equatable, CustomStringConvertible {
  package enum Reason: Equatable, Sendable {
    /// `{{` without `}}`.
    case unclosedTag
    /// `{{#name}}` without `{{/name}}`.
    case unclosedSection(String)
    /// `{{/name}}` where another section, or none, is open.
    case unexpectedEnd(String, open: String?)
    /// A part of Mustache that prompts do without.
    case unsupported(tag: String, feature: String)
    case badName(String)
    /// Nothing has this name. `known` is what there is instead.
    case missing(String, nearest: String?, known: [String])
    /// It lies in the last `success` or `failure`, and there was none yet.
    case neverYet(String, result: String)
    case tooDeep
    case tooLong(limit: Int)
  }

  /// From 1.
  package var line: Int
  package var reason: Reason

  package init(line: Int, _ reason: Reason) {
    self.line = line
    self.reason = reason
  }

  /// The sentence without its place.
  package var message: String {
    switch reason {
    case .unclosedTag: "A \"{{\" has no \"}}\"."
    case .unclosedSection(let name): "The section {{#\(name)}} is never closed. Add {{/\(name)}}."
    case .unexpectedEnd(let name, let open?):
      "{{/\(name)}} stands where {{/\(open)}} must close the section {{#\(open)}} first."
    case .unexpectedEnd(let name, nil): "{{/\(name)}} closes a section that was never opened."
    case .unsupported(let tag, let feature):
      "{{\(tag)}} uses \(feature), which prompts cannot. "
        + "Use names, {{#sections}}, {{^inverted sections}} and comments."
    case .badName(let name):
      "{{\(name)}} is no name. Write words of letters, digits, \"_\" and \"-\" with dots between them, "
        + "such as {{trigger.body.title}}."
    case .missing(let name, let nearest, let known):
      "There is no \(quoted(name)).\(nearest.map { " Did you mean \(quoted($0))?" } ?? "")"
        + (known.isEmpty ? "" : " There is: \(known.prefix(20).joined(separator: ", ")).")
    case .neverYet(let name, let result):
      "There is no \(quoted(name)) before a run of the job has \(result == "success" ? "succeeded" : "failed"). "
        + "Put what needs it into a section, {{#last.\(result)}} … {{/last.\(result)}}, which is left out until then."
    case .tooDeep: "Sections are nested too deeply; 32 levels are allowed."
    case .tooLong(let limit): "The text would become longer than \(limit) bytes."
    }
  }

  package var description: String { "The template's line \(line): \(message)" }
}
