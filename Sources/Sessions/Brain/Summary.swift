import JSON
import Sessions

/// What stands for the beginning of a conversation that has become too long for its model. It is kept with its
/// `agent.thread_context_compacted` event, so that every process shows the model the same; the log itself stays.
struct Summary: Sendable, Equatable {
  /// The place of its event in the log.
  var place: Int64
  /// The last place in the log for which it stands.
  var end: Int64
  /// The blocks with which the conversation now begins.
  var opening: [JSON]
  /// How many of the agent's messages it stands for.
  var replies: Int

  /// The latest of a log.
  init?(in log: [Event]) {
    guard let event = log.last(where: { $0.type == .contextCompacted }), let kept = event.hidden,
      let end = kept["end"]?.integerValue, let opening = kept["opening"]?.arrayValue
    else { return nil }
    self.end = end
    self.opening = opening
    place = event.position ?? .max
    replies = kept["replies"]?.intValue ?? 0
  }

  /// The event that begins to show the summary instead of what it stands for.
  static func event(end: Int64, opening: [JSON], replies: Int) -> NewEvent {
    NewEvent(
      .contextCompacted,
      hidden: ["end": .integer(end), "replies": JSON(replies), "opening": .array(opening)])
  }
}
