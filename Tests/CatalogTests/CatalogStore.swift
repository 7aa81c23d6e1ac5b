import Foundation
import Primitives
import Store
import TestSupport

@testable import Catalog

/// The catalog on a database of its own, removed after the test.
final class CatalogStore: Sendable {
  let directory: String
  let database: Database
  let clock = ManualTime(Timestamp(seconds: 1_800_000_000))
  let agents: Agents
  let environments: Environments

  init() async throws {
    directory = "/tmp/errand-catalog-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    database = try await Database.open(
      "\(directory)/errand.db", migrations: Files.migrations + Agents.migrations + Environments.migrations)
    agents = Agents(time: clock.time, randomness: .seeded(1))
    environments = Environments(time: clock.time, randomness: .seeded(2))
  }

  /// Runs a test on a store and cleans up, whatever comes of it.
  static func with(_ body: (CatalogStore) async throws -> Void) async throws {
    let store = try await CatalogStore()
    let outcome: Result<Void, any Error>
    do {
      outcome = .success(try await body(store))
    } catch {
      outcome = .failure(error)
    }
    await store.database.close()
    try FileManager.default.removeItem(atPath: store.directory)
    try outcome.get()
  }
}
