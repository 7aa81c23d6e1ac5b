package import Store

/// How far a reader has come in a session's history.
package struct HistoryPlace: Sendable, Equatable {
  /// Everything in the log up to here was shown.
  package var position: Int64
  /// Inputs that waited were shown up to this arrival. Those taken since are not shown again.
  package var arrival: Int64

  package init(position: Int64 = 0, arrival: Int64 = 0) {
    self.position = position
    self.arrival = arrival
  }
}

extension Sessions {
  /// How many events of the log are read at once while those of the wanted types are looked for.
  private static let stride = 500

  /// A page of the log, then of the inputs that wait, as `GET …/events` shows them.
  /// - Parameters:
  ///   - types: names of the wanted types; empty for all.
  ///   - limit: the most events; 1 or more.
  /// - Returns: the page, and where the next one begins if there is one.
  /// - Throws: `SessionError.notFound`.
  package func history(
    _ tx: Transaction, _ id: String, after start: HistoryPlace = HistoryPlace(), types: Set<String> = [],
    limit: Int
  ) throws -> (page: [Event], next: HistoryPlace?) {
    _ = try session(tx, id)
    var page: [Event] = []
    var place = start
    func isWanted(_ event: Event) -> Bool {
      (event.arrival ?? .max) > start.arrival && (types.isEmpty || types.contains(event.type.rawValue))
    }
    while true {
      let read = try log(tx, id, after: place.position, limit: Sessions.stride)
      for event in read {
        if isWanted(event) {
          if page.count == limit { return (page, place) }
          page.append(event)
        }
        place.position = event.position ?? place.position
      }
      if read.count < Sessions.stride { break }
    }
    for event in try unread(tx, id) where isWanted(event) {
      if page.count == limit { return (page, place) }
      page.append(event)
      place.arrival = event.arrival ?? place.arrival
    }
    return (page, nil)
  }

  private func log(_ tx: Transaction, _ id: String, after position: Int64, limit: Int) throws -> [Event] {
    try tx.rows(
      "SELECT * FROM events WHERE session_id = $1 AND position > $2 ORDER BY position LIMIT $3", id, position,
      limit
    ).map(Event.init)
  }
}
