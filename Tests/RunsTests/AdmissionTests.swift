import Primitives
import Testing

@testable import Runs

/// What of a line a rule may meet, in few words.
private enum Scene: String, CaseIterable {
  case free, queued, running, waiting, ending
  /// A run and a firing that waits for it.
  case crowded
  /// No run, but a firing that is to start: one that collects.
  case collecting
  /// A run, and no room to wait for it.
  case full

  var line: Line {
    var line = Line()
    func open(_ state: Run.State, isEnding: Bool = false) {
      line.open = [Line.Open(run: "run_1", state: state, isEnding: isEnding)]
    }
    func waits(_ count: Int) {
      line.next = "drun_1"
      line.waiting = count
      line.waitingInJob = count
    }
    switch self {
    case .free: break
    case .queued: open(.queued)
    case .running: open(.running)
    case .waiting: open(.waiting)
    case .ending: open(.running, isEnding: true)
    case .crowded:
      open(.running)
      waits(1)
    case .collecting: waits(1)
    case .full:
      open(.running, isEnding: true)
      waits(Line.jobLimit)
    }
    return line
  }
}

@Suite struct AdmissionTests {
  private func word(_ admission: Admission) -> String {
    switch admission {
    case .start: "start"
    case .skip: "skip"
    case .join: "join"
    case .hold: "hold"
    case .replace(_, _, let atOnce): atOnce ? "replace at once" : "replace"
    }
  }

  /// Every rule in every scene, in the order of `Scene`:
  /// free, queued, running, waiting, ending, crowded, collecting, full.
  @Test(arguments: [
    (Rule.skip, "start skip skip skip skip skip skip skip"),
    (.reject, "start skip skip skip skip skip skip skip"),
    (.bufferOne, "start hold hold hold hold skip skip skip"),
    (.bufferAll, "start hold hold hold hold hold hold skip"),
    (.enqueue, "start hold hold hold hold hold hold skip"),
    (.cancelOther, "start replace replace replace replace replace start replace"),
    (.terminateOther, "start now now now now now start now"),
    (.allowAll, "start start start start start start start start"),
    (.interrupt, "start join join join hold join hold skip"),
    (.coalesce, "start join join join hold join hold skip"),
  ])
  func `each rule has an answer to every state of its line`(rule: Rule, expected: String) {
    let words = Scene.allCases.map { word(rule.admission($0.line)) }
    #expect(words == expected.split(separator: " ").map { $0 == "now" ? "replace at once" : String($0) })
  }

  @Test func `the table knows every rule`() {
    #expect(Rule.allCases.count == 10)
  }

  @Test func `coalesce collects for its window before there is a run`() {
    #expect(
      Rule.coalesce.admission(Line(), window: .seconds(90))
        == .hold(reason: "More may come: it collects for 1m30s."))
    #expect(Rule.coalesce.admission(Line(), window: .zero) == .start)
    #expect(Rule.interrupt.admission(Line(), window: .seconds(90)) == .start)
  }

  @Test func `a refusal names the run and its state`() {
    #expect(
      Rule.skip.admission(Scene.waiting.line)
        == .skip(reason: "Run run_1 is waiting, and “skip” starts nothing meanwhile."))
    #expect(
      Rule.reject.admission(Scene.ending.line)
        == .skip(reason: "Run run_1 is still ending, and “reject” starts nothing meanwhile."))
    #expect(
      Rule.bufferOne.admission(Scene.crowded.line)
        == .skip(reason: "Firing drun_1 waits already, and “buffer_one” keeps one."))
    #expect(
      Rule.bufferAll.admission(Scene.queued.line)
        == .hold(reason: "It waits for its turn: run run_1 is queued."))
  }

  @Test func `room to wait is bounded for a key, for a job, and in bytes`() {
    var key = Scene.crowded.line
    key.limit = Line.keyLimit
    key.waiting = Line.keyLimit
    #expect(
      Rule.enqueue.admission(key)
        == .skip(reason: "100 firings wait for their turn here, which is the most."))
    var job = Scene.crowded.line
    job.waitingInJob = Line.jobLimit
    #expect(
      Rule.bufferAll.admission(job)
        == .skip(reason: "1000 firings of the job wait already, which is the most."))
    var heavy = Scene.crowded.line
    heavy.sizeInJob = Line.sizeLimit
    #expect(
      Rule.enqueue.admission(heavy)
        == .skip(reason: "What the job's waiting firings carry takes up 64 MiB, the most."))
  }

  @Test func `a replacing firing ends every run and takes the place of what it may`() {
    var line = Scene.crowded.line
    line.open.append(Line.Open(run: "run_2", state: .queued, isEnding: false))
    line.replaceable = ["drun_1"]
    #expect(
      Rule.cancelOther.admission(line)
        == .replace(runs: ["run_1", "run_2"], waiting: ["drun_1"], atOnce: false))
    #expect(
      Rule.terminateOther.admission(line)
        == .replace(runs: ["run_1", "run_2"], waiting: ["drun_1"], atOnce: true))
    #expect(Rule.allCases.filter(\.isReplaceable) == [.bufferOne, .cancelOther, .terminateOther])
  }

  // MARK: Keys

  @Test(arguments: [
    ("octo/repo#12", "octo/repo#12"), ("  a  b ", "a b"), ("a\nb\tc", "a b c"), ("\u{1B}[31mred", "[31mred"),
    ("a\u{202E}b\u{200B}c", "abc"), ("\u{0}x\u{7F}", "x"), ("ключ", "ключ"),
  ])
  func `a key is on one line and moves no cursor`(rendered: String, key: String) throws {
    #expect(try Turn.key(rendered) == key)
  }

  @Test func `a key is not empty and not long`() throws {
    #expect(throws: KeyProblem.empty) { try Turn.key(" \n\u{0} ") }
    #expect(throws: KeyProblem.tooLong(limit: 256)) { try Turn.key(String(repeating: "k", count: 257)) }
    #expect(try Turn.key(String(repeating: "k", count: 256)).count == 256)
    #expect(
      "\(KeyProblem.empty)"
        == "the trigger's key came out empty for this webhook. Build it from something that every one has.")
  }
}
