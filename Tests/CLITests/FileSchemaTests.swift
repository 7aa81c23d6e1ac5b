import Foundation
import JSON
import Service
import TestSupport
import Testing

@testable import CLI
@testable import Jobs

/// The schemas of files say the same as whoever checks the files.
@Suite struct FileSchemaTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  private static func yaml(_ text: String) throws -> JSON {
    try YAMLText.json(Array(text.utf8), name: "sample")
  }

  private static func complaints(_ kind: FileSchema, _ value: JSON) -> [String] {
    SchemaCheck(kind.document).complaints(value)
  }

  @Test(arguments: FileSchema.allCases)
  func `each is a schema of the draft that it names`(kind: FileSchema) throws {
    #expect(kind.document["$schema"] == "https://json-schema.org/draft/2020-12/schema")
    #expect(kind.document["title"]?.stringValue?.isEmpty == false)
    // No word that the test's own reader would pass over.
    #expect(SchemaCheck.unknownWords(kind.document) == [])
  }

  @Test func `every file of the gallery fits`() throws {
    let jobs = Self.root.appending(path: "Jobs")
    var counts: [FileSchema: Int] = [:]
    func check(_ kind: FileSchema, _ path: String) throws {
      let text = try String(contentsOf: jobs.appending(path: path), encoding: .utf8)
      #expect(Self.complaints(kind, try Self.yaml(text)) == [], "\(path)")
      counts[kind, default: 0] += 1
    }
    for name in try FileManager.default.contentsOfDirectory(atPath: jobs.path) {
      let files = try? FileManager.default.contentsOfDirectory(atPath: jobs.appending(path: name).path)
      for file in files ?? [] where file.hasSuffix(".yaml") {
        switch (name, file) {
        case ("agents", _): try check(.agent, "\(name)/\(file)")
        case ("environments", _): try check(.environment, "\(name)/\(file)")
        case ("sources", _): try check(.source, "\(name)/\(file)")
        case (_, "job.yaml"): try check(.job, "\(name)/\(file)")
        case (_, "rehearsal.yaml"): try check(.rehearsal, "\(name)/\(file)")
        default: break
        }
      }
    }
    #expect(counts.keys.count == 5)
  }

  @Test func `the files of the README and of the reference fit`() throws {
    let blocks = try ["README.md", "Jobs/README.md"].flatMap { path in
      try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
        .components(separatedBy: "```yaml\n").dropFirst().compactMap {
          $0.components(separatedBy: "```").first
        }
    }
    var checked = 0
    for block in blocks {
      var value = try Self.yaml(block)
      let kind: FileSchema
      if value["kind"] != nil {
        kind = .source
      } else if value["turns"] != nil {
        kind = .rehearsal
      } else if value["model"] != nil {
        kind = .agent
      } else if value["config"] != nil {
        kind = .environment
      } else {
        kind = .job
        if value["name"] == nil {
          value["name"] = "sample"
          value["agent"] = "writer"
          value["environment"] = "bench"
          var input = value["input"]?.objectValue ?? [:]
          input["message"] = "prompt.md"
          value["input"] = .object(input)
        }
      }
      #expect(Self.complaints(kind, value) == [], "\(block)")
      checked += 1
    }
    #expect(checked > 8)
  }

  /// What stands before the text of a job here, unless it has a name itself.
  private static let base = "name: brief\nagent: writer\nenvironment: bench\ninput: {message: prompt.md}\n"

  private static func sample(_ kind: FileSchema, _ text: String) throws -> JSON {
    try yaml(kind == .job ? base + text : text)
  }

  private static let refused: [(FileSchema, String)] = [
    (FileSchema.job, "nmae: brief\n"), (.job, "trigers: []\n"),
    (.job, "limits: {timeout: 30}\n"),
    (.job, "limits: {timeout: soon}\n"), (.job, "limits: {attempts: 0}\n"),
    (.job, "overlap: never\n"), (.job, "outcome: {description: A brief.}\n"),
    (.job, "triggers: [{timezone: UTC}]\n"),
    (.job, "triggers: [{webhook: desk, lanes: [everybody]}]\n"),
    (.job, "triggers: [{every: 1h, webhook: desk}]\n"), (.job, "callbacks: [{pigeon: {}}]\n"),
    (.job, "callbacks: [{webhook: {url: \"https://a.example\", secret: hunter2}}]\n"),
    (.job, "callbacks: [{github: {pull_request: {title: t}}}]\n"),
    (.job, "callbacks: [{directory: {path: /b, states: [done]}}]\n"),
    (.agent, "description: no model\n"), (.agent, "model: m\ntools: [{type: toolbox}]\n"),
    (.agent, "model: m\ntools: [{type: agent_toolset_20260401, configs: [{name: bsah}]}]\n"),
    (.agent, "model: {id: m, effort: most}\n"), (.environment, "config: {networking: none}\n"),
    (.environment, "config: {type: cloud, networking: none}\n"),
    (.environment, "config: {type: cloud, networking: {type: none, allowed_hosts: []}}\n"),
    (.source, "kind: github\n"), (.source, "kind: github\nsecret: hunter2\n"),
    (.source, "kind: pigeon\nsecret: ${env:S}\n"), (.rehearsal, "turns: [{}]\n"),
    (.rehearsal, "turns: [{text: a}]\nevaluations: [{result: good, explanation: e}]\n"),
  ]

  @Test(arguments: refused.indices)
  func `what the check refuses, the schema refuses too`(index: Int) throws {
    let (kind, text) = Self.refused[index]
    #expect(Self.complaints(kind, try Self.sample(kind, text)) != [], "\(text)")
  }

  private static let taken: [(FileSchema, String)] = [
    (FileSchema.job, "outcome: {description: d, checks: [{name: n, run: \"true\"}]}\n"),
    (.job, "triggers: [{at: 2026-12-31T23:00}, {schedule: \"0 7 * * *\", catch_up: all}]\n"),
    (
      .job,
      "triggers: [{schedule: \"0 7 * * *\", start: 2026-01-01, catch_up: {policy: all, window: 6h}}]\n"
    ),
    (.agent, "model: {id: m, effort: {type: low}}\n"), (.environment, "description: d\n"),
    (.environment, "config: {type: cloud, networking: {type: limited}, packages: {pip: [numpy]}}\n"),
    (.environment, "config: {type: self_hosted}\n"),
    (.rehearsal, "turns: [{text: a, delay: 500ms}, {text: b, delay: 2}]\n"),
  ]

  @Test(arguments: taken.indices)
  func `what the check takes, the schema takes too`(index: Int) throws {
    let (kind, text) = Self.taken[index]
    #expect(Self.complaints(kind, try Self.sample(kind, text)) == [], "\(text)")
  }
}

/// As much of JSON Schema as the schemas here use.
struct SchemaCheck {
  let schema: JSON

  init(_ schema: JSON) {
    self.schema = schema
  }

  private static let words: Set<String> = [
    "$schema", "title", "description", "type", "properties", "additionalProperties", "required", "anyOf",
    "items",
    "maxItems", "minLength", "maxLength", "pattern", "enum", "const", "minimum", "maximum", "format",
  ]

  /// Words of a schema that this does not read.
  static func unknownWords(_ schema: JSON) -> [String] {
    guard let object = schema.objectValue else { return [] }
    var unknown = object.keys.filter { !words.contains($0) }
    for value in object["properties"]?.objectValue.map({ Array($0.map(\.value)) }) ?? [] {
      unknown += unknownWords(value)
    }
    for key in ["additionalProperties", "items"] {
      if let value = object[key] { unknown += unknownWords(value) }
    }
    for value in object["anyOf"]?.arrayValue ?? [] { unknown += unknownWords(value) }
    return unknown
  }

  func complaints(_ value: JSON) -> [String] { SchemaCheck.check(value, schema, at: "$") }

  private static func check(_ value: JSON, _ schema: JSON, at place: String) -> [String] {
    var found: [String] = []
    if let type = schema["type"]?.stringValue, !fits(value, type) { return ["\(place) is no \(type)"] }
    if let constant = schema["const"], constant != value { found.append("\(place) is not \(constant.text)") }
    if let words = schema["enum"]?.arrayValue, !words.contains(value) {
      found.append("\(place) is none of the words")
    }
    if let text = value.stringValue {
      let count = text.unicodeScalars.count
      if count < schema["minLength"]?.intValue ?? 0 || count > schema["maxLength"]?.intValue ?? .max {
        found.append("\(place) is too short or too long")
      }
      if let pattern = schema["pattern"]?.stringValue,
        text.range(of: pattern, options: .regularExpression) == nil
      {
        found.append("\(place) does not match")
      }
    }
    if let number = value.numberValue {
      if number < schema["minimum"]?.numberValue ?? -.infinity
        || number > schema["maximum"]?.numberValue ?? .infinity
      {
        found.append("\(place) is out of range")
      }
    }
    if let elements = value.arrayValue {
      if elements.count > schema["maxItems"]?.intValue ?? .max { found.append("\(place) is too long") }
      if let items = schema["items"] {
        for (index, element) in elements.enumerated() {
          found += check(element, items, at: "\(place)[\(index)]")
        }
      }
    }
    if let object = value.objectValue {
      for name in schema["required"]?.arrayValue?.compactMap(\.stringValue) ?? [] where object[name] == nil {
        found.append("\(place) lacks \(name)")
      }
      for (name, member) in object {
        if let known = schema["properties"]?[name] {
          found += check(member, known, at: "\(place).\(name)")
        } else if schema["additionalProperties"] == false {
          found.append("\(place).\(name) is unknown")
        } else if let others = schema["additionalProperties"], others.objectValue != nil {
          found += check(member, others, at: "\(place).\(name)")
        }
      }
    }
    if let choices = schema["anyOf"]?.arrayValue, choices.allSatisfy({ !check(value, $0, at: place).isEmpty })
    {
      found.append("\(place) fits none of \(choices.count)")
    }
    return found
  }

  private static func fits(_ value: JSON, _ type: String) -> Bool {
    switch type {
    case "object": value.objectValue != nil
    case "array": value.arrayValue != nil
    case "string": value.stringValue != nil
    case "boolean": value.boolValue != nil
    case "integer": value.integerValue != nil
    case "number": value.numberValue != nil
    case "null": value.isNull
    default: false
    }
  }
}
