import FileSystem
import Glibc
import Primitives
import Processes

/// git on this machine, made harmless: it only moves objects between bare repositories of ours and others'.
/// Nothing of the machine's or the user's configuration is read, no hook, filter, helper, submodule or
/// checkout ever runs, and only the protocol of the address in hand is open.
package struct Git: Sendable {
  /// What one call may use.
  package struct Limits: Sendable, Equatable {
    package var time = Duration.seconds(300)
    /// Bytes of the largest file it writes, which is the pack.
    package var size: UInt64 = 1 << 30
    /// Bytes of private memory of each process.
    package var memory: UInt64 = 2 << 30

    package init() {}
  }

  /// A folder of ours, closed to others: git's home and configuration, and a place for repositories.
  package let home: String
  let limits: Limits
  private let program: String?

  /// The configuration that takes the place of all others. `protocol.allow` is what holds when a call names
  /// no protocol; local remotes read it as well, since `GIT_CONFIG_COUNT` does not reach them.
  private static let configuration = """
    [core]
    \thooksPath = /dev/null
    \tfsmonitor = false
    \taskPass = /bin/false
    \tprotectHFS = true
    \tprotectNTFS = true
    [protocol]
    \tallow = never
    [credential]
    \thelper =
    [fetch]
    \tunpackLimit = 1
    \trecurseSubmodules = false
    [submodule]
    \trecurse = false
    [push]
    \trecurseSubmodules = no
    \tgpgSign = false
    [uploadpack]
    \tallowAnySHA1InWant = true
    [gc]
    \tauto = 0
    [maintenance]
    \tauto = false
    [http]
    \tfollowRedirects = false
    \tlowSpeedLimit = 1000
    \tlowSpeedTime = 60
    [safe]
    \tdirectory = *

    """

  /// - Parameter home: made when missing.
  /// - Throws: `GitError.failed` when the folder cannot be written.
  package init(home: String, limits: Limits = Limits()) throws(GitError) {
    self.home = home
    self.limits = limits
    program = ["/usr/bin/git", "/usr/local/bin/git"].first { access($0, X_OK) == 0 }
    guard mkdir(home, 0o700) == 0 || errno == EEXIST, chmod(home, 0o700) == 0 else {
      throw .failed(detail: "the folder \(home) cannot be made: \(ProcessError.text(errno))")
    }
    do throws(FileFault) {
      // Another process may be starting a git at this moment.
      try FileReplacement.write(
        Self.configuration.utf8, to: "\(home)/config", suffix: Hex.encode(Randomness.system.bytes(6)))
    } catch {
      throw .failed(detail: "\(home)/config cannot be written: \(error)")
    }
    removeLeftovers()
  }

  /// Where a repository of this process lies.
  func newRepositoryPath() -> String {
    "\(home)/\(getpid())-\(Hex.encode(Randomness.system.bytes(12))).git"
  }

  /// Removes what processes that are gone left. What cannot be removed only takes room.
  private func removeLeftovers() {
    for name in (try? FolderList.names(in: home)) ?? [] {
      guard name.hasSuffix(".git"), let pid = Int32(name.prefix { $0 != "-" }), kill(pid, 0) != 0,
        errno == ESRCH
      else { continue }
      let path = "\(home)/\(name)"
      // What stays is taken away by the next start.
      Task { _ = try? await Command(["/bin/rm", "-rf", "--", path], limit: .seconds(600)).run() }
    }
  }

  /// What a remote is asked with.
  struct Remote: Sendable {
    var url: RepositoryURL
    var token: String?
    /// Where its host is connected to, whatever the name resolves to by then; nil looks it up.
    var addresses: [String]?
    /// For the sentence when it is not there: `branch main`.
    var revision: String?
    /// For the sentence when it changed.
    var branch: String?
  }

  /// Runs git in a bare repository.
  /// - Throws: `GitError`, or `CancellationError`.
  @discardableResult
  func run(
    _ arguments: [String], in repository: String, remote: Remote? = nil, input: Command.Input = .none,
    accepting codes: Set<Int32> = [0]
  ) async throws -> Command.Output {
    guard let program else { throw GitError.notInstalled }
    var settings: [(String, String)] = []
    var command = Command(
      [program, "--git-dir=\(repository)"] + arguments, directory: home, input: input, limit: limits.time)
    command.confinement.limits = [
      .init(.fileSize, limits.size), .init(.data, limits.memory), .init(.core, 0), .init(.openFiles, 1024),
    ]
    command.confinement.givesUpPrivileges = geteuid() != 0
    if let remote, let token = remote.token, remote.url.scheme != .file {
      // Through a pipe that can be read once: not in the arguments, not in the environment, not on a disk.
      // Only for this host, whatever git is led to.
      command.descriptors[9] = try Self.pipe("username=x-access-token\npassword=\(token)\n")
      settings.append(
        ("credential.\(remote.url.origin).helper", #"!f() { test "$1" = get && cat <&9; }; f"#))
    }
    if let remote, let addresses = remote.addresses {
      // For every host: it is the only one that git may ask.
      settings.append(
        ("http.curloptResolve", "*:\(remote.url.port):\(addresses.joined(separator: ","))"))
    }
    command.environment = environment(protocol: remote?.url.scheme.rawValue, settings)
    let output: Command.Output
    do {
      output = try await command.run()
    } catch ProcessError.notFound {
      throw GitError.notInstalled
    }
    if output.timedOut { throw GitError.timedOut(url: remote?.url, after: limits.time) }
    if case .code(let code) = output.exit, codes.contains(code) { return output }
    var said = output.errorText
    if let token = remote?.token, !token.isEmpty { said.replace(token, with: "•••") }
    if output.exit == .signal(SIGXFSZ) || said.contains("File too large") || said.contains("signal 25")
      || said.contains("invalid index-pack output")
    {
      throw GitError.tooLarge(url: remote?.url, limit: limits.size)
    }
    throw GitError.reading(said, url: remote?.url, revision: remote?.revision, branch: remote?.branch)
  }

  private func environment(protocol name: String?, _ settings: [(String, String)]) -> [String: String] {
    var environment = [
      "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": home, "LC_ALL": "C", "GIT_CONFIG_NOSYSTEM": "1",
      "GIT_CONFIG_GLOBAL": "\(home)/config", "GIT_ATTR_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0",
      "GIT_ASKPASS": "/bin/false", "GIT_PROTOCOL_FROM_USER": "0", "GIT_NO_REPLACE_OBJECTS": "1",
      "GIT_LFS_SKIP_SMUDGE": "1", "GIT_FLUSH": "1", "GIT_CONFIG_COUNT": "\(settings.count)",
      // Overrides what configurations say of protocols; empty allows none.
      "GIT_ALLOW_PROTOCOL": name ?? "",
    ]
    for (index, (key, value)) in settings.enumerated() {
      environment["GIT_CONFIG_KEY_\(index)"] = key
      environment["GIT_CONFIG_VALUE_\(index)"] = value
    }
    return environment
  }

  /// A pipe that holds a text and ends after it.
  private static func pipe(_ text: String) throws -> Descriptor {
    let pipe = try Pipe(ours: .writing)
    let bytes = Array(text.utf8)
    guard write(pipe.writing.number, bytes, bytes.count) == bytes.count else {
      throw GitError.failed(detail: "the token is too long")
    }
    return pipe.reading
  }
}
