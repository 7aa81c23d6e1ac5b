import Catalog
package import JSON
package import Primitives
import Reading
package import Store

/// A file of a folder of jobs that cannot be applied as it is now. What it is about goes on as it was applied last.
package struct JobFault: Sendable, Equatable {
  /// `job`, `agent`, `environment`, `source`; `folder` for one that cannot be read.
  package var thing: String
  /// What it is about, as far as that is known.
  package var name: String?
  /// As an absolute path.
  package var path: String
  /// Each a sentence with its place.
  package var problems: [String]
  package var since: Timestamp

  /// `the file /jobs/brief/job.yaml is broken since …: …`
  package var sentence: String {
    let what =
      thing == "folder" ? "the folder \(path) cannot be read" : "the file of \(subject) is broken on disk"
    let more = problems.count > 1 ? " (and \(problems.count - 1) more)" : ""
    return "\(what) since \(since.inSentence): \(problems.first ?? "")\(more)"
  }

  private var subject: String { thing == "job" ? "the job" : "its \(thing) \(name ?? "")" }

  package var json: JSON {
    [
      "thing": .string(thing), "name": .string(orNull: name), "path": .string(path),
      "problems": .array(problems.map { .string($0) }), "since": .string(since.description),
    ]
  }
}

extension JobFault {
  init(_ row: Row) throws {
    thing = try row["thing"]
    name = try row["name"]
    path = try row["path"]
    problems = (try row["problems"] as JSON).arrayValue?.compactMap(\.stringValue) ?? []
    since = try row["since_at"]
  }
}

extension Jobs {
  /// What keeps a job's files from being applied as they are now.
  package func faults(_ tx: Transaction, of job: Job) throws -> [JobFault] {
    let faults = try tx.rows("SELECT * FROM job_faults ORDER BY path").map(JobFault.init)
    if faults.isEmpty { return [] }
    let agent = try? agents.agent(tx, job.agent).name
    let environment = try? environments.environment(tx, job.environment).name
    let sources = job.triggers.compactMap { trigger -> String? in
      if case .webhook(let source) = trigger.kind { source } else { nil }
    }
    return faults.filter { fault in
      switch fault.thing {
      case "job": return fault.name == job.name || fault.path == job.file
      case "agent": return fault.name != nil && fault.name == agent
      case "environment": return fault.name != nil && fault.name == environment
      case "source": return fault.name.map(sources.contains) ?? false
      default: return job.file.map { $0.hasPrefix(fault.path + "/") } ?? false
      }
    }
  }

  /// Why there is no job of a name, when a file would define it if it were right.
  package func fault(_ tx: Transaction, ofMissing name: String) throws -> JobFault? {
    try tx.row("SELECT * FROM job_faults WHERE thing = 'job' AND name = $1 ORDER BY path LIMIT 1", name).map(
      JobFault.init)
  }

  /// Files that are broken and whose jobs there are not, since they never were right.
  package func faults(_ tx: Transaction, without jobs: Set<String>) throws -> [JobFault] {
    try tx.rows("SELECT * FROM job_faults WHERE thing = 'job' ORDER BY path").map(JobFault.init).filter {
      $0.name.map { !jobs.contains($0) } ?? true
    }
  }

  /// Takes down what is wrong with the files of some folders.
  func keep(_ tx: Transaction, _ faults: [JobFault], of roots: [String]) throws {
    var since: [String: Timestamp] = [:]
    for row in try tx.rows("SELECT path, since_at FROM job_faults") {
      since[try row["path"]] = try row["since_at"]
    }
    for root in roots { try tx.run("DELETE FROM job_faults WHERE root = $1", root) }
    for fault in faults {
      guard
        let root = roots.first(where: { fault.path == $0 || fault.path.hasPrefix($0 + "/") }) ?? roots.first
      else { continue }
      try tx.run(
        """
        INSERT INTO job_faults (path, root, thing, name, problems, since_at) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (path) DO UPDATE SET root = $2, thing = $3, name = $4, problems = $5
        """, fault.path, root, fault.thing, fault.name, JSON.array(fault.problems.map { .string($0) }),
        since[fault.path] ?? fault.since)
    }
  }

  /// Forgets what was wrong in folders that nobody reads any more.
  package func forgetFaults(_ tx: Transaction, besides roots: [String]) throws {
    let known: [String] = try tx.rows("SELECT DISTINCT root FROM job_faults").map { try $0["root"] }
    for root in known where !roots.contains(root) {
      try tx.run("DELETE FROM job_faults WHERE root = $1", root)
    }
  }
}
