package import JSON

/// What an environment wants installed, by package manager. Managers without packages are left out.
package struct Packages: Sendable, Equatable {
  /// In the order in which they are installed.
  package var lists: [(manager: String, names: [String])]

  package static let none = Packages(lists: [])
  package var isEmpty: Bool { lists.isEmpty }

  package init(lists: [(manager: String, names: [String])]) {
    self.lists = lists
  }

  /// - Parameter environment: the environment's config.
  package init(environment: JSON) {
    lists = EnvironmentDefinition.packageManagers.compactMap { manager in
      let names = environment["packages"]?[manager]?.arrayValue?.compactMap(\.stringValue) ?? []
      return names.isEmpty ? nil : (manager, names)
    }
  }

  package static func == (one: Packages, other: Packages) -> Bool {
    one.lists.elementsEqual(other.lists) { $0 == $1 }
  }
}
