extension CronExpression {
  /// The expression in plain English.
  package func explanation(zone: Zone = .utc, dst: DSTRule = .once) -> String { text }
}
