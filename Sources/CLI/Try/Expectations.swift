import JSON

/// What the story must come to. What was different is collected, not thrown: the rest is told all the same.
struct Expectations: Equatable {
  private(set) var differences: [String] = []

  mutating func expect(_ isSo: Bool, _ difference: @autoclosure () -> String) {
    if !isSo { differences.append(difference()) }
  }

  /// A run as the daily brief goes: a first draft that misses a heading, a second one that is good, and the
  /// result in both places.
  /// - Parameter verified: whether the receiver believed the delivery of that id.
  mutating func expectStory(of run: JSON, _ name: String, verified: (String) -> Bool) {
    let state = run["state"]?.stringValue ?? "missing"
    expect(
      state == "succeeded", "the \(name) run is \(state), not succeeded: \(run["reason"]?.stringValue ?? "")")
    let results = (run["evaluations"]?.arrayValue ?? []).map { $0["result"]?.stringValue ?? "" }
    expect(
      results == ["needs_revision", "satisfied"],
      "the evaluations of the \(name) run are \(results.joined(separator: ", ")), not needs_revision, satisfied"
    )
    for kind in ["directory", "webhook"] {
      let delivery = run["deliveries"]?.arrayValue?.first { $0["kind"]?.stringValue == kind }
      let state = delivery?["state"]?.stringValue ?? "missing"
      expect(
        state == "delivered",
        "the \(kind) delivery of the \(name) run is \(state): \(delivery?["last_error"]?.stringValue ?? "")")
      guard kind == "webhook", let id = delivery?["id"]?.stringValue else { continue }
      expect(verified(id), "the receiver did not verify the signature of the \(name) run's result")
    }
  }
}
