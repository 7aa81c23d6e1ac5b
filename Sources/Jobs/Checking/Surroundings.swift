package import Git

/// What a server has around it: whoever checks files for it can say what will not work there, before anything is
/// started or paid for.
package struct Surroundings: Sendable {
  /// Where its references lead.
  package var secrets: Secrets
  package var local: LocalRepositories
  /// Whether jobs play their rehearsals instead of asking models.
  package var rehearses: Bool

  package init(secrets: Secrets, local: LocalRepositories, rehearses: Bool) {
    self.secrets = secrets
    self.local = local
    self.rehearses = rehearses
  }
}
