import Testing

@testable import CLI

@Suite struct TableTests {
  private func table() -> Table {
    var table = Table([
      Table.Column(title: "RUN"), Table.Column(title: "TOOK", isRight: true),
      Table.Column(title: "WHY", shrinks: true),
    ])
    table.add([Table.Cell("run_1"), Table.Cell("3 s"), Table.Cell("because of this and that")])
    table.add([Table.Cell("run_22", .good), Table.Cell("1 min 48 s"), Table.Cell("")])
    return table
  }

  @Test func `columns are aligned, numbers at their ends`() {
    #expect(
      table().lines(on: Terminal(width: nil, hasColours: false)) == [
        "RUN           TOOK  WHY", "run_1          3 s  because of this and that", "run_22  1 min 48 s  ",
      ])
  }

  @Test func `a narrow terminal cuts what may be cut, never an id`() {
    let lines = table().lines(on: Terminal(width: 36, hasColours: false))
    #expect(lines[1] == "run_1          3 s  because of this…")
    #expect(lines.allSatisfy { $0.columns <= 36 })
  }

  @Test func `colours do not disturb the columns`() {
    let line = table().lines(on: Terminal(width: nil, hasColours: true))[2]
    #expect(line == "\u{1B}[32mrun_22\u{1B}[0m  1 min 48 s  ")
  }

  @Test(
    arguments: [
      ([:], true, true), (["NO_COLOR": "1"], true, false), (["NO_COLOR": ""], true, true),
      (["TERM": "dumb"], true, false), ([:], false, false),
    ] as [([String: String], Bool, Bool)])
  func `colours stand on terminals only, and where nobody minds`(
    environment: [String: String], isTerminal: Bool, allowed: Bool
  ) {
    #expect(Terminal.allowsColours(isTerminal: isTerminal, environment: environment) == allowed)
  }
}
