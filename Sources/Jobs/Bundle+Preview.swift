import Catalog
import Primitives

extension Bundle {
  /// The jobs and sources as `apply` would make them, for looking at what they would do. Ids stand for the names
  /// that they have in the files, and contents are not kept.
  /// - Throws: `JobsError.invalid`.
  package func preview(kinds: Kinds) throws(JobsError) -> (jobs: [Job], sources: [Source]) {
    let checked = try checked(kinds: kinds)
    let jobs = checked.jobs.map { draft in
      Job(
        id: draft.name, name: draft.name, description: draft.description, origin: .file, agent: draft.agent,
        environment: draft.environment, triggers: draft.triggers, message: draft.message, files: [],
        outcome: draft.outcome, limits: draft.limits, callbacks: draft.callbacks, rehearsal: draft.rehearsal,
        revision: 1, createdAt: Timestamp(seconds: 0), updatedAt: Timestamp(seconds: 0), archivedAt: nil)
    }
    return (jobs, checked.sources)
  }
}
