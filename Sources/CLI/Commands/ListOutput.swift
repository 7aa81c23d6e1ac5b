import ArgumentParser
import JSON
import Primitives

/// How a list is shown.
struct ListOptions: ParsableArguments {
  /// The most that is shown.
  static let most = 1000

  @Option(parsing: .unconditional, help: "How many to show, the newest first; at most 1000.")
  var limit = 20

  @Flag(help: "Print the API's JSON, one document, and nothing else.")
  var json = false

  func validate() throws { try ListOptions.check(limit) }

  /// - Throws: `ValidationError`.
  static func check(_ limit: Int) throws {
    guard (1...most).contains(limit) else {
      throw ValidationError("--limit must be a number from 1 to \(most); it is \(limit).")
    }
  }
}

/// Prints one page of a list.
enum ListOutput {
  /// - Parameters:
  ///   - things: what the list is of, for the line under it: “runs”.
  ///   - cells: one cell for each column.
  static func show(
    _ answer: JSON, as options: ListOptions, _ columns: [Table.Column], things: String, nothing: String,
    cells: (JSON) -> [Table.Cell]
  ) {
    if options.json {
      Say.output(answer.shownText)
      return
    }
    let items = answer["data"]?.arrayValue ?? []
    if items.isEmpty {
      Say.notice(nothing)
      return
    }
    var table = Table(columns)
    for item in items { table.add(cells(item)) }
    Say.output(table.lines(on: .output).joined(separator: "\n"))
    if answer["next_page"]?.isNull == false {
      let shown = "The newest \(items.count == 1 ? "one" : "\(items.count) \(things)")"
      let more =
        options.limit < ListOptions.most
        ? "more with --limit \(min(ListOptions.most, options.limit * 5))"
        : "there are more, and --limit shows no more than \(ListOptions.most)"
      Say.notice(Terminal.errors.paint("\(shown); \(more).", .quiet))
    }
  }

  static func text(_ item: JSON, _ key: String) -> Table.Cell {
    Table.Cell(item[key]?.stringValue ?? "–")
  }

  static func state(_ item: JSON, _ key: String) -> Table.Cell {
    let state = item[key]?.stringValue ?? "held"
    return Table.Cell(state, Paint.ofState(state))
  }
}
