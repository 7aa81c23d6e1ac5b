import Catalog
package import JSON
package import Primitives
package import Queue
package import Store

extension ItemKind {
  /// Remove the workspace of the session that the item refers to; the session itself may be gone.
  package static let workspace = ItemKind(rawValue: "workspace")
}

/// What an update of a session changes; nil keeps.
package struct SessionChange: Sendable {
  /// An inner nil clears it.
  package var title: String??
  package var metadata: JSON.Object?
  /// The whole snapshot of the agent.
  package var agent: JSON?

  package init() {}
}

// What becomes of a session from outside of its turns.
extension Sessions {
  /// Applies a change, and writes `session.updated` with what is different now; nothing when nothing is.
  /// - Throws: `SessionError.archived`; `.running` when the agent is to change while a turn is open.
  package func update(_ tx: Transaction, _ id: String, _ change: SessionChange) throws -> Session {
    try edit(tx, id) { edit in
      if edit.session.archivedAt != nil { throw SessionError.archived(id: id) }
      if change.agent != nil, edit.session.isBusy {
        throw SessionError.running(id: id, action: "given other tools")
      }
      var said: JSON.Object = [:]
      if let title = change.title, title != edit.session.title {
        said["title"] = .string(orNull: title)
        edit.session.title = title
      }
      let hasOtherMetadata = change.metadata.map { $0 != edit.session.metadata } ?? false
      if let metadata = change.metadata, hasOtherMetadata {
        // The wire tells of what there is; an empty one is left out.
        if !metadata.isEmpty { said["metadata"] = .object(metadata) }
        edit.session.metadata = metadata
      }
      if let agent = change.agent, agent != edit.session.agent {
        said["agent"] = agent
        edit.session.agent = agent
      }
      if !said.isEmpty || hasOtherMetadata { try edit.record([NewEvent(.updated, said)]) }
    }
    return try session(tx, id)
  }

  /// Closes a session that rests for good; its history stays.
  /// - Throws: `SessionError.running`.
  package func archive(_ tx: Transaction, _ id: String) throws -> Session {
    try edit(tx, id) { edit in
      if edit.session.archivedAt != nil { return }
      if edit.session.shownStatus == .running { throw SessionError.running(id: id, action: "archived") }
      if edit.session.status != .terminated {
        if let outcome = edit.session.activeOutcome { try edit.record([outcome.interruption]) }
        try edit.close(.terminated("it was archived"))
      }
      edit.session.archivedAt = edit.now
      try queue.remove(tx, .session, id)
      try queue.push(tx, .workspace, id, due: edit.now)
    }
    return try session(tx, id)
  }

  /// Removes a session that rests, with its log. Whoever follows it is told.
  /// - Throws: `SessionError.running`.
  package func delete(_ tx: Transaction, _ id: String) throws {
    let session = try session(tx, id)
    if session.shownStatus == .running { throw SessionError.running(id: id, action: "deleted") }
    try queue.remove(tx, .session, id)
    try tx.run("DELETE FROM sessions WHERE id = $1", id)
    try queue.push(tx, .workspace, id, due: time.now())
    tx.afterCommit { [signals, recentLogs] in
      recentLogs.forget(id)
      signals.ring(id)
    }
  }

  // MARK: Resources

  /// Lets the session see a further resource from its next tool call on.
  /// - Throws: `SessionError.archived`, `.invalidInput` when the place is taken.
  package func add(_ tx: Transaction, _ resource: JSON, to id: String) throws {
    try open(tx, id) { edit in
      let resources = edit.session.resources
      if resources.count >= Session.resourceLimit {
        throw SessionError.invalidInput(
          place: "resources",
          problem: "The session has \(Session.resourceLimit) resources, which is the limit.")
      }
      let path = resource["mount_path"]?.stringValue ?? ""
      let places = resources.compactMap { $0["mount_path"]?.stringValue }
      if let taken = places.first(where: { MountPath.collide($0, path) }) {
        throw SessionError.invalidInput(
          place: "mount_path",
          problem:
            "Another resource of the session is mounted at \(taken), so nothing else can be at \(path).")
      }
      edit.session.resources.append(resource)
    }
  }

  /// Puts a changed resource in place of the one with its id.
  package func replace(_ tx: Transaction, _ resource: JSON, of id: String) throws -> JSON {
    try open(tx, id) { edit in
      var updated = resource
      updated["updated_at"] = .string(edit.now.description)
      edit.session.resources = edit.session.resources.map { $0["id"] == updated["id"] ? updated : $0 }
      return updated
    }
  }

  /// Takes a file away from the session.
  /// - Throws: `SessionError.noResource`, `.invalidInput` for a resource that stays for life.
  package func removeResource(_ tx: Transaction, _ resource: String, of id: String) throws -> JSON {
    try open(tx, id) { edit in
      let removed = try edit.session.resource(resource)
      guard removed["type"]?.stringValue == "file" else {
        throw SessionError.invalidInput(
          place: "type", problem: "Only files can be taken away; a repository stays as long as its session.")
      }
      edit.session.resources.removeAll { $0["id"]?.stringValue == resource }
      return removed
    }
  }

  /// Changes a session that still takes something.
  private func open<Result>(_ tx: Transaction, _ id: String, _ body: (SessionEdit) throws -> Result) throws
    -> Result
  {
    try edit(tx, id) { edit in
      if edit.session.archivedAt != nil { throw SessionError.archived(id: id) }
      if let reason = edit.session.closing { throw SessionError.closed(id: id, reason: reason) }
      return try body(edit)
    }
  }
}

extension Session {
  /// The most resources of one session.
  package static let resourceLimit = 500

  /// - Throws: `SessionError.noResource`.
  package func resource(_ id: String) throws -> JSON {
    guard let found = resources.first(where: { $0["id"]?.stringValue == id }) else {
      throw SessionError.noResource(id: id, session: self.id)
    }
    return found
  }

  /// The primary thread as the wire shows it.
  package func threadJSON(at moment: Moment) -> JSON {
    var agent = agent
    // Whom it may call is said by the session.
    agent["multiagent"] = nil
    return [
      "id": .string(threadID), "type": "session_thread", "session_id": .string(id),
      "parent_thread_id": .null, "agent": agent, "status": .string(shownStatus.rawValue),
      "stats": [
        "active_seconds": .number(activeTime(at: moment).inSeconds),
        "duration_seconds": .number(age(at: moment.now).inSeconds), "startup_seconds": 0,
      ], "usage": usageJSON(at: moment), "workflow_run_id": .null,
      "created_at": .string(createdAt.description),
      "updated_at": .string(updatedAt.description), "archived_at": .string(orNull: archivedAt?.description),
    ]
  }
}

extension Outcome {
  /// The end of an outcome that was interrupted while nothing was being evaluated.
  var interruption: NewEvent {
    NewEvent(
      .evaluationEnd,
      [
        "outcome_id": .string(id), "iteration": JSON(upcoming),
        "outcome_evaluation_start_id": "", "result": "interrupted",
        "explanation": "The session was archived.", "usage": Usage().json,
      ])
  }
}
