import ArgumentParser
import Glibc
import Hooks
import JSON

struct MatchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "match",
    abstract: "What it costs to find the jobs that an event starts.",
    discussion: """
      Compares an issue of GitHub's size with the patterns of thousands of jobs on one source, in memory. Build with \
      “swift build -c release” first.

      EXAMPLES
        errand-bench match
        errand-bench match --jobs 50000
      """)

  @Option(help: "Jobs on the one source.")
  var jobs = 5000

  @Option(help: "Events per measurement.")
  var events = 2000

  /// A way in which all jobs of a measurement are alike.
  private static let shapes: [(name: String, pattern: @Sendable (Int) -> JSON)] = [
    (
      "a repository and a label each",
      { number in
        [
          "type": ["issues.opened", "issues.labeled"],
          "body": [
            "repository": ["full_name": [.string("example-corp/service-\(number)")]],
            "issue": ["labels": ["name": ["bug"]]],
          ],
        ]
      }
    ),
    (
      "a repository's prefix each",
      { number in
        [
          "type": ["issues.opened"],
          "body": ["repository": ["full_name": [["prefix": .string("example-corp/service-\(number)-")]]]],
        ]
      }
    ),
    (
      "a title's wildcard each, one type",
      { number in
        [
          "type": ["issues.opened"],
          "body": ["issue": ["title": [["wildcard": .string("*part \(number)*")]]]],
        ]
      }
    ),
    (
      "no value to file under",
      { number in ["body": ["issue": ["number": [["numeric": [">", .integer(Int64(1_000_000 + number))]]]]]] }
    ),
  ]

  /// Microseconds that this process has had the processor: what else the machine does makes no difference.
  private static func processorTime() -> Int64 {
    var spec = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spec)
    return Int64(spec.tv_sec) * 1_000_000 + Int64(spec.tv_nsec) / 1000
  }

  func run() throws {
    let bodies = (0..<16).map { number in
      let issue = GitHubSender.issue(number: number, repository: "example-corp/service-\(number * 7)")
      return JSON.object([
        "type": "issues.opened", "source": "github", "actor": ["name": "dev-one", "lane": "member"],
        "headers": ["x-github-event": "issues"], "body": issue,
      ])
    }
    let size = bodies[0]["body"]?.bytes.count ?? 0
    for (name, make) in MatchCommand.shapes {
      let start = Self.processorTime()
      let index = MatchIndex(try (0..<jobs).map { try Pattern(make($0)) })
      let compiled = Self.processorTime()
      var matched = 0
      for number in 0..<events { matched += index.matches(bodies[number % bodies.count]).count }
      let nanoseconds = (Self.processorTime() - compiled) * 1000 / Int64(max(1, events))
      print(
        "match           \(jobs) jobs, \(name): \(nanoseconds) ns of processor time per event of \(size) bytes, "
          + "\(matched) matches in \(events); compiled in \(Percentiles.text(Double(compiled - start) / 1000))"
      )
    }
  }
}
