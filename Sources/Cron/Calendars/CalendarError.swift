/// Why a calendar file is not read: the line, and what is wrong with it.
package struct CalendarError: Error, Hashable, Sendable, CustomStringConvertible {
  /// From 1; where a folded line begins.
  package let line: Int
  package let message: String

  package init(line: Int, _ message: String) {
    self.line = line
    self.message = message
  }

  package var description: String { "line \(line): \(message)" }
}
