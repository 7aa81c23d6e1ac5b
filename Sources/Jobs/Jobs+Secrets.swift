import Catalog
import JSON
import Primitives
import Reading
package import Store

extension Jobs {
  /// What keeps callbacks and sources from working that were applied earlier: secrets that are not set here, or cannot
  /// be used. Whoever starts a server without them should know before a result is lost.
  /// - Parameter roots: folders that are read here. What their files define is told with its place there.
  package func missingSecrets(_ tx: Transaction, besides roots: [String]) throws -> [String] {
    guard let surroundings else { return [] }
    let findings = Findings()
    let reader = SettingsReader(findings: findings, secrets: surroundings.secrets)
    var sentences: [String] = []
    func look(_ settings: JSON, _ shape: KindShape?, _ thing: String, at place: FieldPath) {
      let before = findings.problems.count
      guard let shape, let given = Fields(settings, at: place, thing, keys: nil, findings) else { return }
      _ = reader.read(given, shape, thing, besides: [])
      sentences += findings.problems[before...].map { "\(thing): \($0)" }
    }
    for job in try jobs(tx) where job.origin == .file && !(job.keeper.map(roots.contains) ?? false) {
      for (index, callback) in job.callbacks.enumerated() {
        look(
          callback.settings, kinds.callbacks.first { $0.name == callback.kind }, "The job \(job.name)",
          at: FieldPath.root.key("callbacks").index(index).key(callback.kind))
      }
    }
    // Nobody knows where a source was applied from.
    for source in roots.isEmpty ? try sources(tx) : [] {
      look(
        source.settings, kinds.sources.first { $0.name == source.kind }, "The source \(source.name)",
        at: .root)
    }
    return sentences
  }
}
