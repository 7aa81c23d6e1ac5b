/// A parsed cron expression: which wall times it selects.
///
///     minute hour day-of-month month day-of-week            five fields,
///     second minute hour day-of-month month day-of-week     or six with the seconds first,
///     @hourly @daily @weekly @monthly @yearly               or a macro,
///     @every 1h30m                                          or a period in real time.
///
/// A field is a list of items: `*`, `5`, `MON`, `8-17`, `FRI-MON` (round the end), `*/15`, `8-17/2`, `5/10`
/// (to the end), `H`, `H(0-29)/10` (spread by the schedule's name). Day-of-month also has `L` (last), `L-3`,
/// `15W` (nearest weekday), `LW`; day-of-week also has `5L` (last Friday) and `MON#2` (second Monday). `?` is
/// `*` in either.
///
/// When both day fields are narrowed, a day that fits **either** fires; when one of them begins with `*`, a
/// day must fit **both**, as in Debian's cron. So `0 0 13 * 5` is every 13th and every Friday, but
/// `0 0 */2 * 1` is Mondays with an odd date.
///
/// An expression that could never fire is refused. Zones and clock changes belong to `CronSchedule`.
package struct CronExpression: Sendable, Hashable {
  /// As it was given.
  package let text: String
  /// What is allowed but hardly meant.
  package let warnings: [CronWarning]
  let timing: Timing

  /// When an expression fires.
  enum Timing: Hashable, Sendable {
    /// Every so many seconds of real time.
    case every(Int64)
    /// At wall times.
    case wall(WallPattern)
  }

  /// Reads an expression. `name` is what `H` is computed from; without one `H` is refused.
  package init(_ text: String, name: String? = nil, dialect: Dialect = .errand) throws(CronError) {
    var parser = Parser(text, name: name, dialect: dialect)
    timing = try parser.parse()
    warnings = parser.warnings
    self.text = text
  }
}
