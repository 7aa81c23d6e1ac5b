import Jobs
import TestSupport
import Testing

@testable import Schedules

/// The whole table of policies, each row in random lives: edits, pauses, skips, clocks that are set, machines that
/// sleep, crashes, slow runs, starts by hand and backfills. The service must do what the rules say.
@Suite(.timeLimit(.minutes(10))) struct PolicyModelTests {
  /// Chance that repeats (SplitMix64).
  private struct Chance: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
      return mixed ^ mixed >> 31
    }
  }

  private static let lives = 1
  private static let steps = 40

  @Test(arguments: Overlap.allCases, CatchUp.Policy.allCases)
  func `random lives of a schedule go by the rules`(overlap: Overlap, catchUp: CatchUp.Policy) async throws {
    for jitter in [Int64(0), 25] {
      for expires in [nil, Int64(100)] {
        for starts in [nil, 6] {
          for life in 0..<Self.lives {
            var policy = Policy()
            (policy.overlap, policy.catchUp, policy.jitter) = (overlap, catchUp, jitter)
            (policy.expires, policy.starts) = (expires, starts)
            policy.pauseAfter = life % 2 == 0 ? 2 : nil
            try await Self.live(policy, seed: UInt64(life))
          }
        }
      }
    }
  }

  private static func live(_ policy: Policy, seed: UInt64) async throws {
    var text = Chance(state: seed)
    for byte in "\(policy)".utf8 { text.state = (text.state ^ UInt64(byte)) &* 0x100_0000_01B3 }
    let steps = Step.life(&text, of: policy, steps: steps)
    guard let problem = try await PolicyLife.problem(policy, steps) else { return }
    let short = try await shortest(policy, steps)
    Issue.record(
      """
      Seed \(seed), \(policy): \(problem)
      The shortest life of the kind: \(short.steps)
      \(short.problem)
      """)
  }

  /// Leaves steps out as long as something still goes wrong.
  private static func shortest(
    _ policy: Policy, _ steps: [Step]
  ) async throws -> (steps: [Step], problem: String) {
    var steps = steps
    var problem = ""
    var size = steps.count / 2
    while size >= 1 {
      var start = 0
      while start < steps.count {
        var fewer = steps
        fewer.removeSubrange(start..<min(start + size, fewer.count))
        if let found = try await PolicyLife.problem(policy, fewer) {
          (steps, problem) = (fewer, found)
        } else {
          start += size
        }
      }
      size /= 2
    }
    return (steps, problem)
  }
}
