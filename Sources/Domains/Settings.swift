import Catalog
package import Jobs
package import Logging
package import Primitives
package import Store

extension Domains {
  /// What the domains are built from.
  package struct Settings: Sendable {
    /// The database's file.
    package var database: String
    package var options = Database.Options()
    /// The tables of those who stand above the domains.
    package var migrations: [Migration] = []
    /// The directory of files' contents.
    package var files: String
    package var secrets: Secrets
    /// The package managers that environments may name.
    package var packageManagers = Set(EnvironmentDefinition.packageManagers)
    /// Where jobs run; nil warns of nothing that will come to nothing there.
    package var surroundings: Surroundings?
    /// Whether sessions play their jobs' rehearsals instead of asking models.
    package var rehearses = false
    package var time = Time.system
    package var randomness = Randomness.system
    package var log: Logger

    package init(database: String, files: String, secrets: Secrets, log: Logger) {
      self.database = database
      self.files = files
      self.secrets = secrets
      self.log = log
    }
  }
}
