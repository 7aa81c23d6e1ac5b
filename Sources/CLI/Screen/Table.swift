/// Rows for people: columns aligned, the last ones given up first when the terminal is narrow.
struct Table {
  struct Column {
    var title: String
    /// Whether numbers are aligned at their ends.
    var isRight = false
    /// Whether it gives up room when the row is too wide. Ids never do: half an id is none.
    var shrinks = false
  }

  struct Cell {
    var text: String
    var paint: Paint?

    init(_ text: String, _ paint: Paint? = nil) {
      self.text = text.onOneLine
      self.paint = paint
    }
  }

  var columns: [Column]
  private(set) var rows: [[Cell]] = []

  init(_ columns: [Column]) {
    self.columns = columns
  }

  mutating func add(_ cells: [Cell]) {
    rows.append(cells)
  }

  /// The lines of the table, the titles first.
  func lines(on terminal: Terminal) -> [String] {
    let widths = widths(within: terminal.width)
    var lines = [line(columns.map { Cell($0.title, .quiet) }, widths, terminal)]
    for row in rows { lines.append(line(row, widths, terminal)) }
    return lines
  }

  private func line(_ cells: [Cell], _ widths: [Int], _ terminal: Terminal) -> String {
    var line = ""
    for (place, cell) in cells.enumerated() {
      let text = cell.text.cut(to: widths[place])
      let gap = String(repeating: " ", count: max(0, widths[place] - text.columns))
      let painted = terminal.paint(text, cell.paint)
      let isLast = place == cells.count - 1
      line += columns[place].isRight ? gap + painted : painted + (isLast ? "" : gap)
      if !isLast { line += "  " }
    }
    return line
  }

  /// Every column as wide as its widest cell; then those that shrink give up what is too much, the widest
  /// first, but keep a readable rest.
  private func widths(within limit: Int?) -> [Int] {
    var widths = columns.indices.map { place in
      max(columns[place].title.columns, rows.map { $0[place].text.columns }.max() ?? 0)
    }
    guard let limit else { return widths }
    var excess = widths.reduce(0, +) + 2 * (widths.count - 1) - limit
    while excess > 0 {
      let shrinking = columns.indices.filter { columns[$0].shrinks && widths[$0] > 8 }
      guard let widest = shrinking.max(by: { widths[$0] < widths[$1] }) else { break }
      widths[widest] -= 1
      excess -= 1
    }
    return widths
  }
}
