package import JSON
package import Sessions

/// A check that was run, with what came of it.
package struct CheckOutcome: Sendable, Equatable {
  package var name: String
  package var result: CheckResult

  package init(name: String, result: CheckResult) {
    self.name = name
    self.result = result
  }

  package var passed: Bool { result.exitCode == 0 }

  package var json: JSON {
    [
      "name": .string(name), "passed": .bool(passed), "exit_code": .integer(Int64(result.exitCode)),
      "output": .string(result.tail),
    ]
  }

  package init(json: JSON) {
    self.init(
      name: json["name"]?.stringValue ?? "",
      result: CheckResult(
        exitCode: json["exit_code"]?.integerValue.flatMap(Int32.init(exactly:)) ?? 1,
        tail: json["output"]?.stringValue ?? ""))
  }
}
