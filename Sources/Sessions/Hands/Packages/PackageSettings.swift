import Glibc
package import HTTPClient

/// How packages of environments are installed on this machine.
package struct PackageSettings: Sendable {
  /// Where `pip` and `npm` look, when it is not where they look by themselves.
  package var pipIndex: WebAddress?
  package var npmRegistry: WebAddress?
  /// For one package manager.
  package var limit = Duration.seconds(600)
  /// Installed sets that are kept.
  package var kept = 50

  package init(pipIndex: WebAddress? = nil, npmRegistry: WebAddress? = nil) {
    self.pipIndex = pipIndex
    self.npmRegistry = npmRegistry
  }

  static let python = "/usr/bin/python3"
  static let npm = "/usr/bin/npm"

  /// The package managers that sandboxes of a kind can run here.
  package static func managers(_ kind: SandboxKind) -> Set<String> {
    // Without a sandbox an installation would be one into the machine itself.
    guard kind == .bubblewrap else { return [] }
    var managers: Set<String> = []
    if access(python, X_OK) == 0, access("/usr/bin/pip3", X_OK) == 0 { managers.insert("pip") }
    if access(npm, X_OK) == 0 { managers.insert("npm") }
    return managers
  }
}
