import JSON
import Reading
import Store
import TestSupport
import Testing

@testable import Catalog

@Suite("Agents and their versions")
struct AgentsTests {
  private let body: JSON = ["name": "a", "model": "m", "system": "one", "description": "keep"]

  @Test func `an update makes the next version and keeps the one before`() async throws {
    try await CatalogStore.with { store in
      let agent = try await store.database.write { [body] tx in try store.agents.create(tx, body) }
      #expect(agent.version == 1)
      #expect(ID.hasPrefix("agent", agent.id))
      store.clock.advance(by: .seconds(5))
      let updated = try await store.database.write { tx in
        try store.agents.update(tx, agent.id, ["version": 1, "system": "two"])
      }
      #expect(updated.version == 2)
      #expect(updated.definition.system == "two")
      #expect(updated.json["description"] == "keep")
      #expect(updated.createdAt == agent.createdAt)
      #expect(updated.updatedAt == store.clock.now)
      try await store.database.read { tx throws in
        #expect(try store.agents.agent(tx, agent.id) == updated)
        #expect(try store.agents.agent(tx, agent.id, version: 1) == agent)
        #expect(try store.agents.versions(tx, agent.id, limit: 10).map(\.version) == [2, 1])
        #expect(try store.agents.versions(tx, agent.id, below: 2, limit: 10).map(\.version) == [1])
      }
    }
  }

  @Test func `without an effective change there is no new version`() async throws {
    try await CatalogStore.with { store in
      try await store.database.write { [body] tx in
        let agent = try store.agents.create(tx, body)
        let same = try store.agents.update(tx, agent.id, ["system": "one", "metadata": ["gone": nil]])
        #expect(same == agent)
      }
    }
  }

  @Test func `a stale version conflicts, even when nothing would change`() async throws {
    try await CatalogStore.with { store in
      try await store.database.write { [body] tx in
        let agent = try store.agents.create(tx, body)
        _ = try store.agents.update(tx, agent.id, ["system": "two"])
        let conflict = CatalogError.conflict(agent: agent.id, given: 1, current: 2)
        #expect(throws: conflict) { try store.agents.update(tx, agent.id, ["version": 1, "system": "two"]) }
        #expect(
          conflict.description
            == "Agent \(agent.id) is at version 2, not 1: it was changed in the meantime. Read it again and repeat the update with version 2."
        )
      }
    }
  }

  @Test func `null and nothing clear what can be cleared`() async throws {
    try await CatalogStore.with { store in
      try await store.database.write { [body] tx in
        let agent = try store.agents.create(tx, body)
        let cleared = try store.agents.update(tx, agent.id, ["system": nil, "description": "", "tools": nil])
        #expect(cleared.json["system"] == JSON.null)
        #expect(cleared.json["description"] == JSON.null)
        for wrong: JSON in [["name": nil], ["name": ""], ["model": nil]] {
          #expect(throws: CatalogError.self) { try store.agents.update(tx, agent.id, wrong) }
        }
      }
    }
  }

  @Test func `metadata is a patch, and the effort stays with the model's id`() async throws {
    try await CatalogStore.with { store in
      try await store.database.write { tx in
        let agent = try store.agents.create(
          tx, ["name": "a", "model": ["id": "m", "effort": "low"], "metadata": ["a": "1", "b": "2"]])
        let patched = try store.agents.update(
          tx, agent.id, ["metadata": ["b": nil, "c": "3"], "model": ["id": "m", "speed": "fast"]])
        #expect(patched.json["metadata"] == ["a": "1", "c": "3"])
        #expect(patched.definition.model == ["id": "m", "effort": ["type": "low"], "speed": "fast"])
        let other = try store.agents.update(tx, agent.id, ["model": "n"])
        #expect(other.definition.model["effort"] == ["type": "high"])
      }
    }
  }

  @Test func `an archived agent is final, and says so to those who asked`() async throws {
    try await CatalogStore.with { store in
      try await store.database.write { [body] tx in
        let agent = try store.agents.create(tx, body)
        store.agents.onArchive { tx, agent in try tx.run("UPDATE agents SET name = $1", "told " + agent.name)
        }
        let archived = try store.agents.archive(tx, agent.id)
        #expect(archived.archivedAt == store.clock.now)
        #expect(try tx.row("SELECT name FROM agents")?["name"] == "told a")
        #expect(throws: CatalogError.archived(kind: "agent", id: agent.id)) {
          try store.agents.update(tx, agent.id, ["name": "b"])
        }
        #expect(try store.agents.archive(tx, agent.id) == archived)
      }
    }
  }

  @Test func `agents are listed newest first, in pages, without archived ones`() async throws {
    try await CatalogStore.with { store in
      var ids: [String] = []
      for _ in 0..<4 {
        store.clock.advance(by: .seconds(1))
        ids.insert(
          try await store.database.write { [body] tx in try store.agents.create(tx, body).id }, at: 0)
      }
      try await store.database.write { [ids] tx in
        _ = try store.agents.archive(tx, ids[0])
        let first = try store.agents.agents(tx, limit: 2)
        #expect(first.map(\.id) == [ids[1], ids[2]])
        #expect(try store.agents.agents(tx, after: ids[2], limit: 2).map(\.id) == [ids[3]])
        #expect(try store.agents.agents(tx, archived: true, limit: 9).map(\.id) == ids)
        let oldest = try store.agents.agent(tx, ids[3]).createdAt
        var then = TimeRange()
        (then.from, then.to) = (oldest, oldest)
        #expect(try store.agents.agents(tx, created: then, limit: 9).map(\.id) == [ids[3]])
      }
    }
  }

  @Test func `a file's agent is found by its name, another's is not`() async throws {
    try await CatalogStore.with { store in
      try await store.database.write { [body] tx in
        _ = try store.agents.create(tx, body)
        #expect(throws: CatalogError.notFound(kind: "agent", id: "a")) {
          try store.agents.agent(tx, named: "a")
        }
        let findings = Findings()
        let definition = try #require(AgentDefinition(["name": "writer", "model": "m"], findings))
        #expect(try store.agents.apply(tx, definition).change == .created)
        #expect(try store.agents.apply(tx, definition).change == .unchanged)
        let changed = try #require(AgentDefinition(["name": "writer", "model": "n"], findings))
        let (agent, change) = try store.agents.apply(tx, changed)
        #expect(change == .updated)
        #expect(agent.version == 2)
        #expect(try store.agents.agent(tx, named: "writer") == agent)
        let error = #expect(throws: CatalogError.self) { try store.agents.agent(tx, named: "wirter") }
        #expect(error?.description == #"There is no agent "wirter". Did you mean "writer"?"#)
        // After archiving, the name is free again.
        _ = try store.agents.archive(tx, agent.id)
        #expect(try store.agents.apply(tx, changed).change == .created)
      }
    }
  }

  @Test func `what is not there is named`() async throws {
    try await CatalogStore.with { store in
      try await store.database.write { [body] tx in
        let error = #expect(throws: CatalogError.self) { try store.agents.agent(tx, "agent_01x") }
        #expect(error?.description == #"There is no agent "agent_01x"."#)
        let agent = try store.agents.create(tx, body)
        let version = #expect(throws: CatalogError.self) { try store.agents.agent(tx, agent.id, version: 9) }
        #expect(version?.description == "Agent \(agent.id) has no version 9; the latest is 1.")
      }
    }
  }
}
