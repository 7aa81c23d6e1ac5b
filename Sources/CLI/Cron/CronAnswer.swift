import Cron
import JSON

/// What is wrong with an expression or a case, for programs.
enum CronAnswer {
  /// `{"error": {"class", "field", "offset", "message"}}`
  static func error(_ error: any Error) -> JSON {
    switch error {
    case let error as CronError:
      answer(error.class.rawValue, field: error.field, offset: error.offset, error.description)
    case let problem as CronCaseProblem: answer("bad_case", field: problem.field, problem.message)
    case let error as ZoneError: answer("bad_case", field: "tz", error.description)
    default: answer("bad_case", field: nil, "\(error)")
    }
  }

  private static func answer(
    _ class: String, field: String?, offset: Int? = nil, _ message: String
  ) -> JSON {
    [
      "error": [
        "class": .string(`class`), "field": .string(orNull: field),
        "offset": .integer(orNull: offset.map(Int64.init)), "message": .string(message),
      ]
    ]
  }
}

extension CronWarning {
  var json: JSON {
    [
      "class": .string(kind.rawValue), "field": .string(field), "offset": .integer(Int64(offset)),
      "message": .string(description),
    ]
  }
}
