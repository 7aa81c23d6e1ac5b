import Git
import Processes

/// A clone inside the sandbox, made and read by processes of the sandbox only.
struct SandboxClone: Sendable {
  let hands: SandboxedHands
  /// As the agent sees it.
  let path: String

  /// Checking out and packing may take this long.
  static let limit = Duration.seconds(300)

  /// What every git in here gets: nobody's configuration but the clone's own, no questions.
  private static let environment = [
    "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "/bin/false", "GIT_ALLOW_PROTOCOL": "", "LC_ALL": "C",
  ]

  /// - Throws: `CheckoutError`.
  func make(from url: RepositoryURL, fetched: Fetched, shallow: [UInt8], pack: Descriptor) async throws {
    try await hands.requireRoom()
    // What an earlier try left is in the way; no agent has worked in it.
    try await script(
      """
      rm -rf -- "$1" && mkdir -p -- "$1" && cd -- "$1" && git init -q --template= -b "$2" . &&
      if [ "$3" -gt 0 ]; then cat > .git/shallow; fi
      """, fetched.branch?.text ?? "main", "\(shallow.count)", input: .bytes(shallow))
    try await script(#"cd -- "$1" && git index-pack --stdin > /dev/null"#, input: .file(pack))
    // Without credentials, and nothing is reached from here anyway: it says where the clone comes from.
    try await script(
      """
      cd -- "$1" && git config user.name Errand && git config user.email errand@localhost &&
      git config remote.origin.url "$2" &&
      git config remote.origin.fetch "+refs/heads/*:refs/remotes/origin/*" && if [ -n "$4" ]; then
        git update-ref "refs/remotes/origin/$4" "$3" && git update-ref "refs/heads/$4" "$3" &&
        git config "branch.$4.remote" origin && git config "branch.$4.merge" "refs/heads/$4"
      else git update-ref --no-deref HEAD "$3"; fi && git reset -q --hard
      """, url.description, fetched.commit.text, fetched.branch?.text ?? "")
  }

  /// What a clone does not bring; nil when it brought all.
  func missing() async throws -> MissingParts? {
    let output = try await run(
      #"""
      cd -- "$1" || exit 90
      mapfile -d '' -t modules < <(git ls-files -s -z | grep -z '^160000 ' | cut -z -f2-)
      mapfile -d '' -t pointers < <(find . -name .git -prune -o -type f -size -2 -print0 |
        xargs -0 -r grep -lZE '^version https://git-lfs\.github\.com/spec/v1' -- | sort -z)
      printf '%s\0' "${#modules[@]}" "${modules[@]:0:10}" "" "${#pointers[@]}" "${pointers[@]:0:10}" ""
      """#, [], limit: 65_536)
    // A look at what was just checked out; without it the agent only finds out by itself.
    guard output.exit == .code(0), !output.timedOut else { return nil }
    return MissingParts(reading: output.stdout.bytes, path: path)
  }

  /// Everything that was committed on top of `base`, on any branch or none; nil when there is nothing.
  func bundle(since base: String, limit: Int) async throws -> [UInt8]? {
    let output = try await run(
      """
      cd -- "$1" 2> /dev/null && [ -e .git ] || exit 90
      count=$(git rev-list --max-count=1 --count HEAD --branches --not "$2") && [ "$count" -gt 0 ] || exit 90
      exec git bundle create -q --version=2 - HEAD --branches --not "$2"
      """, [base], limit: limit + 1)
    if output.exit == .code(90) { return nil }
    guard output.exit == .code(0), !output.timedOut else {
      throw CheckoutError(path: path, detail: Self.reason(output))
    }
    guard output.stdout.total <= limit else {
      throw CheckoutError(path: path, detail: "its commits take more than \(limit) bytes")
    }
    return output.stdout.bytes
  }

  private func script(_ text: String, _ arguments: String..., input: Command.Input = .none) async throws {
    let output = try await run(text, arguments, input: input)
    guard output.exit == .code(0), !output.timedOut else {
      throw CheckoutError(path: path, detail: Self.reason(output))
    }
  }

  private func run(
    _ script: String, _ arguments: [String], input: Command.Input = .none, limit: Int = 4096
  ) async throws -> Command.Output {
    let place = try await hands.place(path)
    return try await hands.run(
      ["/bin/bash", "--noprofile", "--norc", "-c", script, "bash", place] + arguments, input: input,
      limit: Self.limit
    ) {
      $0.outputLimit = limit
      $0.environment.merge(Self.environment) { _, ours in ours }
    }
  }

  private static func reason(_ output: Command.Output) -> String {
    if output.timedOut { return "it took longer than \(limit.components.seconds) s" }
    if output.exit.shellCode == 127 { return "git is not installed; install it with `apt-get install git`" }
    let lines = RepairedText.of(output.stderr.bytes).split(whereSeparator: \.isNewline)
    let line = lines.last { $0.hasPrefix("fatal: ") || $0.hasPrefix("error: ") } ?? lines.last
    return line.map { String($0.prefix(300)) } ?? "git ended with exit code \(output.exit.shellCode)"
  }
}

/// A clone could not be made in the sandbox, or not be read.
struct CheckoutError: Error, Equatable, CustomStringConvertible {
  var path: String
  var detail: String

  var description: String { "The clone at \(path) failed in the sandbox: \(detail)." }
}
