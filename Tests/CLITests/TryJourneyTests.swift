import Foundation
import Processes
import TestSupport
import Testing

@testable import CLI

/// The stories, told by the program as a newcomer runs it.
@Suite struct TryJourneyTests {
  @Test(.timeLimit(.minutes(6)))
  func `the stories end as told, twice in one folder`() async throws {
    let program = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(
      path: "errand")
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let folder = try TemporaryFolder()
    for _ in 1...2 {
      let output = try await Command(
        [
          program.path, "try", "--exit", "--jobs", root.appending(path: "Jobs").path, "--data",
          "\(folder.path)/with space",
        ], environment: ProcessInfo.processInfo.environment, limit: .seconds(170)
      ).run()
      #expect(output.exit == .code(0), "\(output.text)\n\(output.errorText)")
      #expect(output.text.contains("iteration 0 needs_revision"))
      #expect(output.text.contains("iteration 1 satisfied"))
      #expect(output.text.contains("the receiver verified its signature (run.succeeded)"))
      #expect(output.text.contains("a wrong signature is answered 401 (signature_mismatch)"))
      #expect(output.text.contains("the same event again is answered 200: the same run, nothing new"))
      #expect(output.text.contains("## Next"))
      #expect(output.text.contains("skipped. Run run_"))
      #expect(
        output.text.contains(
          "“Fix #212: Pier 3 announces a departure at 25:10”: errand/212 into main, 1 commit"))
      #expect(output.text.contains("is nowhere to be read"))
      #expect(output.text.contains("table.xlsx: 200"))
      #expect(output.text.contains("a link that was tampered with: 403"))
      #expect(output.text.contains("Sorry, I could not do this."))
      #expect(output.text.hasSuffix("The stories ended as told.\n"))
    }
    let briefs = try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/with space/briefs")
    #expect(briefs.filter { !$0.hasPrefix(".") }.count == 4)
  }
}
