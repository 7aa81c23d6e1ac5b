import Catalog
import Glibc
import JSON
import Primitives
import Processes

/// A sandbox of namespaces: its own users, processes, network (none but loopback), mounts, host name. Its
/// first process only waits; every command enters the namespaces as a process of its own, without
/// capabilities. When the first process ends, the kernel kills all others, and it ends with the thread that
/// started it, with us, or when the pipe it reads from is closed. The one way out of its network, where the
/// environment has any, is a proxy of ours (`EgressProxy`).
///
/// What no namespace holds, such as the keys of a user, is closed by a filter of system calls, which names its
/// reasons (`filter.c`). The first process has it too: others in there may trace it and make its calls.
///
/// Run by root, everything inside is an unprivileged user outside as well, one for each workspace (`SandboxUsers`), who
/// sees the workspace through a private mount; run by anybody else, it is that user.
final class BubblewrapSandbox: Sandbox {
  let environment: [String: String]
  let confinement: Confinement
  private let outer: Child
  private let first: ProcessIdentity
  private let cgroup: Cgroup?
  /// The first process ends when this is closed.
  private let life: Descriptor
  private let proxy = Lock<EgressProxy?>(nil)

  private init(
    environment: [String: String], confinement: Confinement, outer: Child, first: ProcessIdentity,
    cgroup: Cgroup?, life: Descriptor
  ) {
    self.environment = environment
    self.confinement = confinement
    self.outer = outer
    self.first = first
    self.cgroup = cgroup
    self.life = life
  }

  var isAlive: Bool { outer.exited == nil && first.isAlive }
  var directory: String { "/workspace" }

  func place(_ path: String) -> String {
    path.hasPrefix("/") ? path : "/workspace/\(path)"
  }

  /// The processes that keep it alive.
  var keepers: [ProcessIdentity] { [first] + [ProcessIdentity(of: outer.pid)].compactMap { $0 } }

  /// Gives it a way to the network, at `EgressProxy.port`.
  func open(to networking: Networking, _ settings: EgressSettings, _ traffic: Lock<EgressTraffic>)
    async throws
  {
    guard let inside = confinement.sandbox else { return }
    let listener = try await DiskThread.run {
      try Descriptor.listening(inside: inside, port: EgressProxy.port, backlog: 128)
    }
    let made = try EgressProxy(
      listener: listener, networking: networking, settings: settings, traffic: traffic)
    proxy.withLock { $0 = made }
  }

  /// Returns when commands can be run in it.
  static func start(
    _ workspace: Workspace, bubblewrap: Bubblewrap, limits: SandboxLimits, readOnly: [String],
    extra: [String: String]
  ) async throws -> BubblewrapSandbox {
    let cgroup = Cgroup.make(workspace.session, limits)
    do {
      return try await start(workspace, bubblewrap, limits, readOnly, extra, cgroup)
    } catch {
      await cgroup?.remove()
      throw error
    }
  }

  private static func start(
    _ workspace: Workspace, _ bubblewrap: Bubblewrap, _ limits: SandboxLimits, _ readOnly: [String],
    _ extra: [String: String], _ cgroup: Cgroup?
  ) async throws -> BubblewrapSandbox {
    var environment = environment(extra, session: workspace.session)
    environment["HOME"] = "/workspace"
    // The same names as without a sandbox, so that instructions may use them in both.
    environment["ERRAND_WORKSPACE"] = "/workspace"
    environment["ERRAND_OUTPUTS"] = "/mnt/session/outputs"
    environment["ERRAND_UPLOADS"] = "/mnt/session/uploads"

    let life = try Pipe(ours: .writing)
    let report = try Pipe(ours: .reading)
    let output = try Pipe(ours: .reading)
    let ready = Latch<Bool>()
    let said = Lock(Capture(head: 4096))
    let reported = Lock(Capture(head: 4096))
    let outputReader = try OutputReader(output.reading) { bytes in
      said.withLock { $0.append(bytes) }
      if bytes.last == UInt8(ascii: "\u{1}") { ready.set(true) }
    }
    let reportReader = try OutputReader(report.reading) { bytes in reported.withLock { $0.append(bytes) } }
    defer {
      outputReader.stop()
      reportReader.stop()
    }

    let outer = try await launch(
      workspace, bubblewrap, limits, readOnly, environment, cgroup, life: life, report: report, output: output
    )
    let isUp = try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask { try await ready.wait() }
      group.addTask {
        // Slow only on a machine that is badly overloaded.
        _ = try await outer.wait(atMost: .seconds(30))
        return false
      }
      defer { group.cancelAll() }
      return try await group.next() ?? false
    }
    reportReader.drain()
    outputReader.drain()
    // No other process can have got its number: it lives for as long as we hold its pipe.
    guard isUp, let pid = firstProcess(reported.withLock { $0.bytes }),
      let identity = ProcessIdentity(of: pid),
      let first = identity.handle()
    else {
      await outer.end(grace: .zero)
      let text = String(decoding: said.withLock { $0.bytes }, as: UTF8.self)
      let line = text.split(whereSeparator: \.isNewline).first.map(String.init)
      throw HandsError.failed(detail: line ?? "bubblewrap gave no reason")
    }

    var confinement = Confinement()
    confinement.sandbox = first
    confinement.identity = Workspace.inside
    confinement.givesUpPrivileges = true
    confinement.filtersCalls = true
    confinement.limits = limits.ofEachProcess(inUserNamespace: true, memoryIsGrouped: cgroup != nil)
    confinement.cgroups = cgroup?.members ?? []
    return BubblewrapSandbox(
      environment: environment, confinement: confinement, outer: outer, first: identity,
      cgroup: cgroup, life: life.writing)
  }

  private static func launch(
    _ workspace: Workspace, _ bubblewrap: Bubblewrap, _ limits: SandboxLimits, _ readOnly: [String],
    _ environment: [String: String], _ cgroup: Cgroup?, life: Pipe, report: Pipe, output: Pipe
  ) async throws -> Child {
    // Root's private mount shows the workspace at a place that everybody may walk to.
    let stage = "/mnt"
    let arguments = BubblewrapArguments(
      bubblewrap: bubblewrap, base: workspace.owner == nil ? workspace.path : stage, limits: limits,
      readOnly: readOnly, hasPackages: access(workspace.packages, F_OK) == 0)
    // As first process of its namespace the shell also reaps orphans, which it does while it reads.
    var list = arguments.list(["/bin/bash", "-c", #"printf '\1'; while read -r _; do :; done"#])
    // After --clearenv: only the marker by which leftovers are found.
    let marker = Leftovers.marker(workspace.session)
    if let end = list.firstIndex(of: "--") {
      list.insert(contentsOf: ["--setenv", marker.name, marker.value], at: end)
    }
    var launch = Launch(list)
    launch.environment = [marker.name: marker.value]
    launch.directory = "/"
    launch.descriptors = [
      0: life.reading, 1: output.writing, 2: output.writing, 3: report.writing, 4: try .callFilter(),
    ]
    launch.confinement.limits = limits.ofEachProcess(inUserNamespace: false, memoryIsGrouped: true)
    launch.confinement.cgroups = cgroup?.members ?? []
    if let owner = workspace.owner {
      launch.confinement.identity = owner
      launch.confinement.stage = .init(source: workspace.path, target: stage)
    }
    return try await Child.start(launch)
  }

  /// From bubblewrap's report, `{"child-pid": 4711, …}`.
  private static func firstProcess(_ report: [UInt8]) -> Int32? {
    // No report or a broken one: the caller says that the sandbox did not start.
    (try? JSON(parsing: report))?["child-pid"]?.intValue.flatMap(Int32.init(exactly:))
  }

  func end() async {
    proxy.withLock { $0.take() }?.stop()
    first.kill()
    // Bubblewrap ends by itself when the first process is gone, and that is gone when all others are.
    // Waited for by a task of its own, since a cancelled one would not wait.
    let waiting = Task { try await outer.wait(atMost: .seconds(10)) }
    let exit = try? await waiting.value
    if exit == nil { await outer.end(grace: .zero) }
    await cgroup?.remove()
  }
}
