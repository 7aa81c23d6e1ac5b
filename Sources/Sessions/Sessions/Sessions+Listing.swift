package import Store

/// Which sessions a list asks for.
package struct SessionFilter: Sendable {
  package var agentID: String?
  package var agentVersion: Int?
  /// None means any.
  package var statuses: [Session.Status] = []
  package var created = TimeRange()
  package var includesArchived = false
  /// Whether something is asked for that no session has.
  package var matchesNone = false

  package init() {}
}

extension Sessions {
  /// Sessions in the order they were created.
  /// - Parameters:
  ///   - descending: the newest first.
  ///   - after: the id after which the list goes on, in its order.
  package func sessions(
    _ tx: Transaction, _ filter: SessionFilter, descending: Bool, after: String?, limit: Int
  ) throws -> [Session] {
    if filter.matchesNone { return [] }
    var conditions = Conditions()
    if let agent = filter.agentID { conditions.add("s.agent_id = $", agent) }
    if let version = filter.agentVersion { conditions.add("s.agent_version = $", version) }
    conditions.add(
      "CASE WHEN s.status = 'idle' AND s.is_due THEN 'running' ELSE s.status END",
      in: filter.statuses.map(\.rawValue))
    filter.created.add(to: &conditions, "s.created_at")
    if !filter.includesArchived { conditions.add("s.archived_at IS NULL") }
    if let after { conditions.add(descending ? "s.id < $" : "s.id > $", after) }
    let most = conditions.bind(limit)
    return try tx.rows(
      """
      SELECT s.* FROM (\(Sessions.columns)) s \(conditions.clause)
      ORDER BY s.id \(descending ? "DESC" : "ASC") LIMIT \(most)
      """, values: conditions.values
    ).map(Session.init)
  }
}

/// Which events of a session a list asks for.
package struct EventFilter: Sendable {
  /// None means any.
  package var types: [String] = []
  /// Compared with `processed_at`: inputs that wait have none, and are left out when a time is given.
  package var processed = TimeRange()

  package init() {}
}

/// Where a list of events goes on.
///
/// Events are listed as they were processed, which is the order of their revisions and of the streams. What
/// waits comes last. While somebody pages, it may be taken: the list goes on after both the last revision and
/// the last arrival it has shown, and misses and repeats nothing.
package struct EventPlace: Sendable, Equatable {
  package var revision: Int64?
  package var arrival: Int64?
  /// The session's revision when a descending list began: what came later is not part of it, except inputs that
  /// waited then.
  package var horizon: Int64?

  package init(revision: Int64? = nil, arrival: Int64? = nil, horizon: Int64? = nil) {
    self.revision = revision
    self.arrival = arrival
    self.horizon = horizon
  }
}

extension Sessions {
  /// A page of what was processed and of the inputs that wait behind it; backwards when descending.
  ///
  /// Each of the two is read in the order of its index, so that a page costs the same however long the log is.
  package func events(
    _ tx: Transaction, of id: String, _ filter: EventFilter, descending: Bool, after place: EventPlace?,
    limit: Int
  ) throws -> [Event] {
    var page: [Event] = []
    for isProcessed in descending ? [false, true] : [true, false] where page.count < limit {
      // A descending list that has come to what was processed has shown all that waits.
      if descending, !isProcessed, place?.revision != nil { continue }
      let query = Sessions.query(
        of: id, filter, isProcessed: isProcessed, descending: descending, after: place,
        limit: limit - page.count)
      page += try tx.rows(query.sql, values: query.values).map(Event.init)
    }
    return page
  }

  /// - Parameter isProcessed: what was processed, or what waits behind it.
  static func query(
    of id: String, _ filter: EventFilter, isProcessed: Bool, descending: Bool, after place: EventPlace?,
    limit: Int
  ) -> (sql: String, values: [(any ColumnValue)?]) {
    var conditions = Conditions()
    conditions.add("session_id = $", id)
    // One type is looked up in the index of types. For several, all is read in its order and sieved.
    conditions.add(filter.types.count == 1 ? "type" : "type || ''", in: filter.types)
    filter.processed.add(to: &conditions, "processed_at")
    if isProcessed {
      conditions.add("processed_at IS NOT NULL")
      if let place { Sessions.add(place, to: &conditions, descending: descending) }
    } else {
      conditions.add("\(isUnread) AND processed_at IS NULL")
      if let arrival = place?.arrival { conditions.add(descending ? "arrival < $" : "arrival > $", arrival) }
    }
    let most = conditions.bind(limit)
    let order = "\(isProcessed ? "revision" : "arrival") \(descending ? "DESC" : "ASC")"
    return (
      "SELECT * FROM events \(conditions.clause) ORDER BY \(order) LIMIT \(most)", conditions.values
    )
  }

  private static func add(_ place: EventPlace, to conditions: inout Conditions, descending: Bool) {
    if descending {
      if let revision = place.revision {
        conditions.add("revision < $", revision)
      } else if let arrival = place.arrival {
        let (arrival, horizon) = (conditions.bind(arrival), conditions.bind(place.horizon ?? 0))
        conditions.add("revision <= \(horizon) OR arrival < \(arrival)")
      }
    } else {
      conditions.add("revision > $", place.revision ?? 0)
      // What was shown while it waited is not shown again now that it is processed.
      if let arrival = place.arrival { conditions.add("arrival IS NULL OR arrival > $", arrival) }
    }
  }

  /// Where the list goes on after these events.
  /// - Parameter before: where the page itself began.
  package static func place(
    after events: some Sequence<Event>, _ before: EventPlace?, descending: Bool
  ) -> EventPlace {
    var place = before ?? EventPlace()
    for event in events {
      if event.processedAt == nil {
        place.arrival = event.arrival
      } else {
        place.revision = event.revision
      }
    }
    return place
  }
}
