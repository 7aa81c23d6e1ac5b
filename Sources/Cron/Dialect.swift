/// Which spellings an expression may use.
package enum Dialect: String, Hashable, Sendable {
  /// Everything: five or six fields, macros, `@every`, `L`, `W`, `#`, `?` and `H`.
  case errand

  /// What scheduled deployments accept on the wire: five fields of numbers, names, lists, ranges and steps.
  /// No seconds, no macros, none of `L`, `W`, `#`, `?`, `H`.
  case wire
}
