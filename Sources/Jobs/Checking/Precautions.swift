import Cron
import Git
import JSON
import Primitives
import Reading
import Sessions

/// Looks at jobs that are right by themselves for what will come to nothing where and when they are to run.
struct Precautions {
  let surroundings: Surroundings
  let now: Timestamp

  /// - Returns: warnings with their paths in the bundle, which was found right.
  func warnings(of checked: CheckedBundle, _ bundle: Bundle) -> [Problem] {
    let findings = Findings()
    for draft in checked.jobs {
      triggers(draft, findings)
      repositories(draft, findings)
      rehearsal(draft, findings)
    }
    return missingSecrets(in: bundle) + findings.warnings
  }

  /// What is wrong only once references are looked up. The author may be elsewhere than the server, so it need not
  /// be wrong there.
  private func missingSecrets(in bundle: Bundle) -> [Problem] {
    let reader = BundleReader(kinds: kinds, known: known, secrets: surroundings.secrets)
    _ = reader.read(bundle)
    return reader.findings.problems
  }

  let kinds: Kinds?
  let known: Names

  // MARK: Times

  private func triggers(_ draft: JobDraft, _ findings: Findings) {
    for (index, trigger) in draft.triggers.enumerated() {
      guard case .schedule(let spec) = trigger.kind else { continue }
      let place = draft.place.key("definition").key("triggers").index(index)
      if case .at(let moments) = spec.times {
        let past = moments.filter { $0 < now.seconds }
        if let first = past.first {
          let all =
            moments.count == 1
            ? "\(Timestamp(seconds: first)) lies in the past"
            : "\(past.count == moments.count ? "All" : "\(past.count)") of its \(moments.count) times lie in the past, "
              + "the first at \(Timestamp(seconds: first))"
          findings.warn(Problem(place.key("at"), "\(all): nothing starts then any more."))
        }
        if past.count == moments.count { continue }
      }
      // A wrong zone or expression has been told.
      guard let timetable = try? spec.timetable(name: draft.name, seed: "") else { continue }
      if timetable.upcoming(after: now.seconds, count: 1).isEmpty {
        let end = spec.end.map { " It ended at \(Timestamp(seconds: $0))." } ?? ""
        findings.warn(
          Problem(
            spec.end == nil ? place : place.key("end"),
            "The schedule names no time from now on, so it starts nothing any more.\(end)"))
      }
    }
  }

  // MARK: Repositories

  private func repositories(_ draft: JobDraft, _ findings: Findings) {
    for (index, repository) in draft.repositories.enumerated() {
      // A template is known only when a run starts.
      guard let url = try? RepositoryURL(repository.url) else { continue }
      do {
        try surroundings.local.permit(url)
      } catch {
        findings.warn(
          Problem(
            draft.place.key("definition").key("input").key("repositories").index(index).key("url"),
            "\(error)"))
      }
    }
  }

  // MARK: Rehearsals

  private func rehearsal(_ draft: JobDraft, _ findings: Findings) {
    guard let rehearsal = draft.rehearsal else {
      if surroundings.rehearses {
        findings.warn(
          Problem(
            draft.place.key("definition"),
            "There is no rehearsal.yaml beside job.yaml, so a run fails while jobs are rehearsed. Write one, or "
              + "serve without --rehearse."))
      }
      return
    }
    guard let outcome = draft.outcome, outcome.rubric != nil else { return }
    let verdicts = rehearsal["evaluations"]?.arrayValue ?? []
    let isDecided = verdicts.contains { $0["result"] != "needs_revision" }
    guard !isDecided, verdicts.count < outcome.maxIterations else { return }
    let place = draft.place.key("rehearsal")
    findings.warn(
      Problem(
        verdicts.isEmpty ? place : place.key("evaluations"),
        verdicts.isEmpty
          ? "The outcome has a rubric, and the rehearsal has no verdict of its grader. Add evaluations: "
            + "[{result: satisfied, explanation: …}], or a run fails when its checks have passed."
          : "No verdict of the rehearsal ends the outcome: \(verdicts.count) of up to \(outcome.maxIterations) "
            + "evaluations want a revision, and then there is none. Add one that is satisfied."))
  }
}
