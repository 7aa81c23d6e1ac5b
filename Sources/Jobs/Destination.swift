package import JSON

/// A callback as a run keeps it: its templates filled, its secrets still references.
package struct Destination: Sendable, Equatable {
  /// The name of the target's kind: `webhook`, `directory` …
  package var kind: String
  package var settings: Settings
  /// The end states of runs that it wants to hear of; nil for all.
  package var states: [String]?

  package func wants(_ state: String) -> Bool {
    states?.contains(state) ?? true
  }

  init(kind: String, settings: Settings, states: [String]?) {
    self.kind = kind
    self.settings = settings
    self.states = states
  }

  /// A callback without templates, or whose templates nothing is put into.
  /// - Throws: `SecretError`.
  package init(_ callback: Callback) throws {
    self.init(
      kind: callback.kind, settings: try Settings(written: callback.settings), states: callback.states)
  }

  // MARK: Keeping it

  package var json: JSON {
    var object: JSON.Object = ["kind": .string(kind), "settings": settings.stored]
    if let states { object["states"] = .array(states.map { .string($0) }) }
    return .object(object)
  }

  /// - Throws: `SecretError`.
  package init(json: JSON) throws {
    self.init(
      kind: json["kind"]?.stringValue ?? "", settings: try Settings(stored: json["settings"] ?? .null),
      states: json["states"]?.arrayValue?.compactMap(\.stringValue))
  }

  /// What earlier versions kept: the callback with its templates already filled, as one text.
  /// - Parameter callback: as the job has it; nil is not known.
  /// - Throws: `SecretError`.
  package init(earlier json: JSON, of callback: Callback?) throws {
    let earlier = Callback(json: json)
    self.init(
      kind: earlier.kind,
      settings: try Settings(earlier: earlier.settings, of: callback?.settings ?? .null),
      states: earlier.states)
  }
}

extension Jobs {
  /// The callback with the values of one occurrence in its templates.
  /// - Parameters:
  ///   - context: what its templates see.
  ///   - credentials: the same with what is hidden from all others, for settings that are credentials themselves.
  /// - Throws: `TemplateError`, `SecretError`.
  package func destination(
    _ callback: Callback, context: JSON, credentials: @autoclosure () throws -> JSON
  ) throws -> Destination {
    guard let shape = kinds.callbacks.first(where: { $0.name == callback.kind }), !shape.templates.isEmpty,
      let settings = callback.settings.objectValue
    else { return try Destination(callback) }
    let members = try settings.map { name, value in
      guard shape.templates.contains(name) else {
        return Setting.Member(name: name, value: try Setting(written: value))
      }
      let isCredential = shape.credentials.contains(name)
      let setting = try Setting(
        template: value, context: isCredential ? try credentials() : context, showsCredentials: isCredential)
      return Setting.Member(name: name, value: setting)
    }
    return Destination(
      kind: callback.kind, settings: Settings(.members(members)), states: callback.states)
  }
}
