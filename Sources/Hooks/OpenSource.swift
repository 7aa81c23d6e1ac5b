import JSON
import Jobs
import Store

/// A source as it is worked with: its kind with the secrets in it, and its jobs with their patterns compiled.
///
/// Kept between requests as long as its edition is the stored one, which whoever writes a receipt checks in that
/// very transaction: no request is judged by settings or jobs that are no longer in force.
struct OpenSource: Sendable {
  let edition: String?
  let kind: any SourceKind
  let table: JobTable
  private let source: Source
  /// The settings with the secrets in them. Held in memory only, as the kind itself holds them.
  private let resolved: JSON
  /// Whether a secret lies in a file, whose content may be another the next time.
  private let hasSecretFiles: Bool

  /// - Throws: `HookRefusal.unknownSource`, `.misconfigured`.
  init(
    _ tx: Transaction, _ kinds: [any SourceKind.Type], _ jobs: Jobs, named name: String, secrets: Secrets
  ) throws {
    do {
      source = try jobs.source(tx, named: name)
    } catch is JobsError {
      throw HookRefusal.unknownSource(name: name)
    }
    edition = try jobs.edition(tx, ofSource: name)
    (resolved, kind) = try OpenSource.open(source, kinds, secrets)
    let references = (try? source.settings())?.references ?? []
    hasSecretFiles = references.contains { if case .file = $0 { true } else { false } }
    table = JobTable(try jobs.jobs(tx, withSource: name))
  }

  private init(_ old: OpenSource, resolved: JSON, kind: any SourceKind) {
    (edition, table, source, hasSecretFiles) = (old.edition, old.table, old.source, old.hasSecretFiles)
    (self.resolved, self.kind) = (resolved, kind)
  }

  /// The same, or one with the secrets that lie in the files by now.
  func refreshed(
    _ kinds: [any SourceKind.Type], _ secrets: Secrets
  ) throws(HookRefusal) -> OpenSource {
    guard hasSecretFiles else { return self }
    let (resolved, kind) = try OpenSource.open(source, kinds, secrets, unless: self.resolved, self.kind)
    return OpenSource(self, resolved: resolved, kind: kind)
  }

  private static func open(
    _ source: Source, _ kinds: [any SourceKind.Type], _ secrets: Secrets, unless known: JSON? = nil,
    _ opened: (any SourceKind)? = nil
  ) throws(HookRefusal) -> (JSON, any SourceKind) {
    guard let kind = kinds.first(where: { $0.name == source.kind }) else {
      throw .misconfigured(source: source.name, problem: "its kind \(source.kind) is not known here.")
    }
    do {
      let resolved = try secrets.resolve(source.settings())
      if let opened, resolved == known { return (resolved, opened) }
      var made = try kind.init(settings: resolved)
      if let marks = secrets.marks { made.know(marks) }
      return (resolved, made)
    } catch {
      throw .misconfigured(source: source.name, problem: String(describing: error))
    }
  }
}
