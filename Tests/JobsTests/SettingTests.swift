import JSON
import Testing

@testable import Jobs

@Suite("Settings, and what comes from outside")
struct SettingTests {
  static let secret = "the token itself"
  static let secrets = Secrets(environment: ["TOKEN": secret, "dollar": secret])

  /// What somebody outside may send, hoping that a server looks at it once more.
  static let shapes: [(String, JSON)] = [
    ("a reference", "${env:TOKEN}"), ("a file", "${file:/etc/passwd}"),
    ("a reference in a name", ["${env:TOKEN}": 1, "${file:/etc/passwd}": ["${env:TOKEN}": "${env:TOKEN}"]]),
    ("names that close what is open", ["}${env:TOKEN}{": ["]}${env:TOKEN}"], "\"}${env:TOKEN}": nil]),
    ("a list", ["${env:TOKEN}", ["${file:/etc/passwd}", 1, true, nil, 1.5]]),
    ("a template", "{{trigger.body}} {{{job.name}}} {{#job}}{{name}}{{/job}}"),
    ("a template in a name", ["{{job.name}}": "{{firing.id}}"]),
    ("a dollar and a brace", ["$", "{env:TOKEN}"]), ("a brace", "{env:TOKEN}"), ("a dollar", "$"),
    ("an escape", "${dollar}{env:TOKEN} ${dollar}${env:TOKEN}"), ("a half", "${env:TOKEN"),
    ("another half", "env:TOKEN}"), ("a nest", "${env:${env:TOKEN}}"),
    ("a stored reference", ["text": [["env": "TOKEN"]]]),
    ("stored settings", ["form": 2, "settings": ["members": [["x", ["text": [["env": "TOKEN"]]]]]]]),
  ]

  /// Where an operator lets values in.
  static let templates = [
    "{{trigger.body.x}}", "{{#trigger.body}}{{x}}{{/trigger.body}}", "{{trigger.body}}", "{{trigger}}",
    "{{#trigger.body.list}}{{.}}{{/trigger.body.list}}", "{{trigger.body.x}}{{trigger.body.x}}",
    "a ${env:TOKEN} {{trigger.body.x}} b", "cost: ${{trigger.body.x}}", "{ {{trigger.body.x}} }",
    "{{#trigger.body.list}}${{.}}{{/trigger.body.list}}", "{{{trigger.body.x}}}{{&trigger.body.x}}",
  ]

  private static func context(_ shape: JSON) -> JSON {
    [
      "trigger": ["kind": "webhook", "body": ["x": shape, "list": [shape, shape]]],
      "job": ["name": "brief", "description": ""], "firing": ["id": "drun_1", "time": ""],
      "previous": ["time": "", "date": ""],
    ]
  }

  @Test(arguments: shapes, templates)
  func `a value is used as it is, wherever it is put`(shape: (String, JSON), template: String) throws {
    let context = SettingTests.context(shape.1)
    let bare = try Template.renderPlain(template, context: context).text
    // Only the operator's own reference gives its secret.
    let expected =
      template.hasPrefix("a ${env:TOKEN}")
      ? "a \(SettingTests.secret)" + bare.dropFirst("a ${env:TOKEN}".count) : bare
    let setting = try Setting(template: .string(template), context: context)
    let settings = Settings(.members([.init(name: "text", value: setting)]))
    #expect(try SettingTests.secrets.resolve(settings) == ["text": .string(expected)])
    // As a row keeps it, and after it was written and read as text.
    let stored = try JSON(parsing: settings.stored.bytes)
    #expect(!stored.text.contains(SettingTests.secret))
    let read = try Settings(stored: stored)
    #expect(try SettingTests.secrets.resolve(read) == ["text": .string(expected)])
    #expect(try Settings(stored: JSON(parsing: read.stored.bytes)) == read)
  }

  @Test(arguments: [
    "${env:TOKEN}", "x ${env:TOKEN} y ${file:/a}", "plain", "", "$ {x} $x", "{{job.name}} ${env:TOKEN}",
  ])
  func `what the operator wrote is kept with its references, and shown as it stands`(text: String) throws {
    let settings = try Settings(written: ["a": .string(text), "b": [1, .string(text), ["c": .string(text)]]])
    let stored = try JSON(parsing: settings.stored.bytes)
    #expect(try Settings(stored: stored) == settings)
    #expect(settings.shown == ["a": .string(text), "b": [1, .string(text), ["c": .string(text)]]])
  }

  @Test(arguments: [
    "${file:/etc/{{trigger.body.x}}}", "${env:{{trigger.body.x}}}", "${{{trigger.body.x}}", "${env:A{{! }}B}",
    "{{#trigger.body}}${env:{{/trigger.body}}TOKEN}",
  ])
  func `no reference reaches over a tag`(template: String) {
    let context = SettingTests.context("env:TOKEN}")
    if template == "${{{trigger.body.x}}" {
      #expect(throws: TemplateError.self) { try Template(template) }
    } else {
      #expect(throws: SecretError.self) { try Setting(template: .string(template), context: context) }
    }
  }

  // MARK: Rows of earlier versions

  /// As they rendered: values escaped, names in objects not.
  private static func earlier(_ text: String) throws -> JSON {
    try secrets.resolve(Settings(stored: ["text": .string(text)], rendered: ["text"]))["text"] ?? .null
  }

  @Test(arguments: [
    ("${env:TOKEN}", secret), ("Hi ${env:TOKEN}, 5 ${dollar}", "Hi \(secret), 5 $"),
    // A name of an object from outside.
    ("{\n  \"${env:TOKEN}\": 1\n}", "{\n  \"${env:TOKEN}\": 1\n}"),
    ("[\n  {\n    \"${file:/etc/passwd}\": 1\n  }\n]", "[\n  {\n    \"${file:/etc/passwd}\": 1\n  }\n]"),
    ("${env:TOKEN} {\"${env:TOKEN}\": 1}", "\(secret) {\"${env:TOKEN}\": 1}"),
    ("${dollar}{env:TOKEN}", "${env:TOKEN}"), ("${dollar}${dollar}{env:TOKEN}", "$${env:TOKEN}"),
    ("x}${env:TOKEN", "x}${env:TOKEN"), ("", ""), ("plain", "plain"),
  ])
  func `a row of an earlier version gives no secret to what came from outside`(text: String, told: String)
    throws
  {
    #expect(try SettingTests.earlier(text) == .string(told))
  }

  @Test func `a run of an earlier version knows its job's own words`() throws {
    let job = Callback(
      kind: "slack", settings: ["text": "${env:TOKEN} {{trigger.body}}", "token": "${env:TOKEN}"])
    let stored: JSON = [
      "kind": "slack",
      "settings": [
        "text": "${env:TOKEN} {\"${env:TOKEN}\": \"${dollar}{env:TOKEN}\"}", "token": "${env:TOKEN}",
      ],
    ]
    let destination = try Destination(earlier: stored, of: job)
    #expect(
      try SettingTests.secrets.resolve(destination.settings) == [
        "text": .string("\(SettingTests.secret) {\"${env:TOKEN}\": \"${env:TOKEN}\"}"),
        "token": .string(SettingTests.secret),
      ])
  }

  @Test(
    arguments: [
      ["form": 2], ["form": 2, "settings": ["env": "TOKEN"]],
      ["form": 2, "settings": ["text": [["secret": "x"]]]],
      ["form": 2, "settings": ["members": [["a"]]]], "text", nil,
    ] as [JSON])
  func `what no version wrote is refused`(stored: JSON) {
    #expect(throws: SecretError.unreadableSettings) { try Settings(stored: stored) }
  }

  @Test func `a repository's token is looked up by its setting alone`() throws {
    let setting = try Setting(written: "${env:TOKEN}")
    #expect(try SettingTests.secrets.token(setting.stored) == SettingTests.secret)
    // As earlier versions kept it.
    #expect(try SettingTests.secrets.token("${env:TOKEN}") == SettingTests.secret)
    #expect(throws: SecretError.unreadableSettings) { try SettingTests.secrets.token(["x": 1]) }
  }
}
