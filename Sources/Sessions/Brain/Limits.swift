extension EmbeddedDriver {
  /// What keeps a drive from going on forever.
  package struct Limits: Sendable {
    /// The most replies with tool calls since the agent was last told something.
    package var rounds = 200
    /// The most tries of one model request, the first included.
    package var tries = 8
    /// The longest wait before the grader is asked again that is spent in the drive. Any other wait gives the
    /// session back until then.
    package var inlineWait: Duration = .seconds(20)
    /// The most tools of one session that run at a time.
    package var parallelTools = 8
    /// The most tokens of a reply, and of a reply after one that was cut.
    package var replyTokens = 32_000
    package var raisedReplyTokens = 64_000
    /// How many tokens the models can read; nil goes by what is known of each.
    package var window: Int?
    /// The most summaries in a row that were of no use.
    package var summaries = 10
    /// The most replies in a row that may be cut at their limit before the turn ends.
    package var cuts = 3
    /// How long after its input the failure of a turn is told at the earliest, in sessions that somebody watches and
    /// in which the model has said nothing yet.
    package var reserve: Duration = .zero

    package init() {}
  }
}
