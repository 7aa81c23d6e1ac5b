import Cron
import Glibc
import JSON
import Primitives

/// Answers cases from standard input, line by line.
struct CronBatch {
  /// What a case leaves out.
  let standard: CronCase
  /// The longest line, in bytes.
  static let lineLimit = 1 << 20

  func run() throws {
    let now = Time.system.now().seconds
    var rest: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    var answers: [UInt8] = []
    // Whether the line that is being read is too long already, and its beginning forgotten.
    var isTooLong = false
    while true {
      let count = read(STDIN_FILENO, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else {
        throw Complaint.unreadable(path: "standard input", reason: String(cString: strerror(errno)))
      }
      rest += chunk.prefix(count)
      let lines = rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      // The last piece is a line only at the end.
      for line in count == 0 ? lines[...] : lines.dropLast() {
        if isTooLong || line.count > CronBatch.lineLimit {
          answers += Array((CronAnswer.error(CronBatch.tooLong).shownLine + "\n").utf8)
          isTooLong = false
        } else if !line.allSatisfy(CronBatch.isBlank) {
          answers += Array((answer(Array(line), now: now).shownLine + "\n").utf8)
        }
      }
      if !answers.isEmpty { Say.output(String(decoding: answers, as: UTF8.self)) }
      answers.removeAll(keepingCapacity: true)
      if count == 0 { return }
      rest = Array(lines.last ?? [])
      if isTooLong || rest.count > CronBatch.lineLimit {
        isTooLong = true
        rest = []
      }
    }
  }

  private static let tooLong = CronCaseProblem(
    field: nil, message: "The line is longer than \(lineLimit) bytes; a case is one line of JSON.")

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
  }

  func answer(_ line: [UInt8], now: Int64) -> JSON {
    do {
      return ["next": .array(try question(line).times(now: now).map { .string($0) })]
    } catch {
      return CronAnswer.error(error)
    }
  }

  private func question(_ line: [UInt8]) throws -> CronCase {
    let json: JSON
    do {
      json = try JSON(parsing: line)
    } catch {
      throw CronCaseProblem(field: nil, message: "The line is not JSON: \(error)")
    }
    guard json.objectValue != nil else {
      throw CronCaseProblem(field: nil, message: "The line is no JSON object.")
    }
    func text(_ key: String) throws -> String? {
      guard let value = json[key], !value.isNull else { return nil }
      guard let text = value.stringValue else {
        throw CronCaseProblem(field: key, message: "\(key) is not a text.")
      }
      return text
    }
    guard let expression = try text("expr") else {
      throw CronCaseProblem(field: "expr", message: "The case has no expr.")
    }
    var question = standard
    question.expression = expression
    question.zone = try text("tz") ?? standard.zone
    question.start = try text("start") ?? standard.start
    question.name = try text("name") ?? standard.name
    if let word = try text("dst") {
      guard let rule = DSTRule(word: word) else {
        throw CronCaseProblem(field: "dst", message: "“\(word)” is not once, cron, literal or wall.")
      }
      question.dst = rule
    }
    if let given = json["count"], !given.isNull {
      guard let count = given.intValue, CronCase.countRange.contains(count) else {
        throw CronCaseProblem(field: "count", message: "count is not a number from 1 to 10000.")
      }
      question.count = count
    }
    return question
  }
}
