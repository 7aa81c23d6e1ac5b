/// One of the six fields of an expression, in the order they are written.
enum Field: Int, CaseIterable, Sendable {
  case second, minute, hour, dayOfMonth, month, dayOfWeek

  /// The name used in errors and, because it must never change, in the key of `H`.
  var name: String {
    switch self {
    case .second: "second"
    case .minute: "minute"
    case .hour: "hour"
    case .dayOfMonth: "day-of-month"
    case .month: "month"
    case .dayOfWeek: "day-of-week"
    }
  }

  /// The numbers that may be written. Both 0 and 7 are Sunday.
  var writable: ClosedRange<Int> {
    switch self {
    case .second, .minute: 0...59
    case .hour: 0...23
    case .dayOfMonth: 1...31
    case .month: 1...12
    case .dayOfWeek: 0...7
    }
  }

  /// The values that `*` selects, each once.
  var full: ClosedRange<Int> { self == .dayOfWeek ? 0...6 : writable }

  /// The values that a bare `H` draws from. Days stop at 28 so that every month has the day.
  var hashed: ClosedRange<Int> { self == .dayOfMonth ? 1...28 : full }

  /// Upper-case names in the order of `full`; empty where the field has none.
  var names: [String] {
    switch self {
    case .month: ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
    case .dayOfWeek: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
    case .second, .minute, .hour, .dayOfMonth: []
    }
  }
}
