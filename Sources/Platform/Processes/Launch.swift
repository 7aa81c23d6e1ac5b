import CLinux
import Glibc

/// One program to start, with everything it gets: nothing is inherited from us.
package struct Launch: Sendable {
  /// The first is the program, a path or a name to look for in the environment's `PATH`.
  package var arguments: [String]
  package var environment: [String: String] = [:]
  package var directory: String?
  /// By the number the process knows them under. Missing standard streams are `/dev/null`.
  package var descriptors: [Int32: Descriptor] = [:]
  package var confinement = Confinement()
  /// Whether the kernel kills the process when ours ends, however it ends.
  package var diesWithUs = true
  /// Whether what the process leaves running in its group is killed when it ends.
  package var endsGroup = true
  /// How long it may take until the program runs. Milliseconds, as a rule; but whoever is in a sandbox already may
  /// halt who enters it.
  package var startLimit = Duration.seconds(10)

  package init(_ arguments: [String]) {
    self.arguments = arguments
  }

  /// The path of the program. In a sandbox it is taken as it is.
  func program() throws -> String {
    guard let name = arguments.first, !name.isEmpty else {
      throw ProcessError.notFound(program: "", path: path)
    }
    if name.contains("/") || confinement.sandbox != nil { return name }
    for folder in path.split(separator: ":") where access("\(folder)/\(name)", X_OK) == 0 {
      return "\(folder)/\(name)"
    }
    throw ProcessError.notFound(program: name, path: path)
  }

  private var path: String { environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin" }

  /// Begins to start the program, and does not wait for it; for the launching thread only, since the process ends
  /// with the thread that started it.
  func begin() throws -> Begun {
    let program = try program()
    if let bad = (arguments + environment.flatMap { [$0.key, $0.value] }).first(where: { $0.utf8.contains(0) }
    ) {
      throw ProcessError.unusable(argument: bad)
    }
    let null = try Descriptor.open("/dev/null", O_RDWR)
    var files = descriptors
    for standard in 0...2 as ClosedRange<Int32> where files[standard] == nil { files[standard] = null }
    let order = files.sorted { $0.key < $1.key }
    let sources = order.map(\.value.number)
    let targets = order.map(\.key)
    let limits = confinement.limits.map { linux_limit(resource: $0.number, value: $0.value) }
    let cgroups = confinement.cgroups.map(\.number)
    let argumentList = CStrings(arguments)
    let environmentList = CStrings(environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
    let texts = CStrings([
      program, directory ?? "", confinement.stage?.source ?? "", confinement.stage?.target ?? "",
    ])

    var starting = linux_starting()
    let result = withExtendedLifetime((files, confinement, argumentList, environmentList, texts)) {
      sources.withUnsafeBufferPointer { sources in
        targets.withUnsafeBufferPointer { targets in
          limits.withUnsafeBufferPointer { limits in
            cgroups.withUnsafeBufferPointer { cgroups in
              var launch = linux_launch()
              launch.path = texts[0]
              launch.arguments = UnsafePointer(argumentList.pointer)
              launch.environment = UnsafePointer(environmentList.pointer)
              launch.directory = directory == nil ? nil : texts[1]
              launch.sources = sources.baseAddress
              launch.targets = targets.baseAddress
              launch.descriptor_count = Int32(sources.count)
              launch.limits = limits.baseAddress
              launch.limit_count = Int32(limits.count)
              launch.cgroups = cgroups.baseAddress
              launch.cgroup_count = Int32(cgroups.count)
              launch.sandbox = confinement.sandbox?.number ?? -1
              launch.changes_identity = confinement.identity != nil
              launch.user = confinement.identity?.user ?? 0
              launch.group = confinement.identity?.group ?? 0
              launch.gives_up_privileges = confinement.givesUpPrivileges
              launch.filters_calls = confinement.filtersCalls
              launch.dies_with_parent = diesWithUs
              launch.stage_source = confinement.stage == nil ? nil : texts[2]
              launch.stage_target = confinement.stage == nil ? nil : texts[3]
              return linux_launch_begin(&launch, &starting)
            }
          }
        }
      }
    }
    guard result == 0 else { throw ProcessError.noRoom(errno: -result) }
    return Begun(
      reports: Descriptor(owning: starting.reports),
      first: StartedProcess(pid: starting.pid, pidfd: Descriptor(owning: starting.pidfd)))
  }

  /// What a start that was begun is watched by.
  struct Begun: Sendable {
    /// The reading end of the pipe of its reports.
    var reports: Descriptor
    var first: StartedProcess
  }

  func failure(at step: Int32, errno: Int32) -> ProcessError {
    let program = arguments.first ?? ""
    return switch UInt32(step) {
    case LINUX_STEP_EXECUTE.rawValue where errno == ENOENT: .notFound(program: program, path: path)
    case LINUX_STEP_EXECUTE.rawValue: .notExecutable(program: program, errno: errno)
    case LINUX_STEP_DIRECTORY.rawValue: .directory(directory ?? "", errno: errno)
    case LINUX_STEP_FORK.rawValue: .noRoom(errno: errno)
    case LINUX_STEP_ENTER.rawValue: .sandboxGone(errno: errno)
    case LINUX_STEP_CGROUP.rawValue: .system(action: "put a process into its control group", errno: errno)
    case LINUX_STEP_STAGE.rawValue: .system(action: "mount the workspace privately", errno: errno)
    case LINUX_STEP_IDENTITY.rawValue: .system(action: "change the user of a process", errno: errno)
    case LINUX_STEP_PRIVILEGES.rawValue: .system(action: "drop a process's privileges", errno: errno)
    case LINUX_STEP_FILTER.rawValue: .system(action: "filter a process's system calls", errno: errno)
    case LINUX_STEP_LIMITS.rawValue: .system(action: "limit a process", errno: errno)
    default: .system(action: "hand a process its files", errno: errno)
    }
  }
}

/// A child of ours that is not reaped yet, so that its number is its own.
struct StartedProcess: Sendable {
  var pid: Int32
  var pidfd: Descriptor
}

/// A null-terminated array of C strings on the heap, for as long as it is referenced.
private final class CStrings {
  let pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  private let count: Int

  init(_ texts: [String]) {
    count = texts.count
    pointer = .allocate(capacity: count + 1)
    for (index, text) in texts.enumerated() { (pointer + index).initialize(to: strdup(text)) }
    (pointer + count).initialize(to: nil)
  }

  subscript(index: Int) -> UnsafePointer<CChar>? { UnsafePointer(pointer[index]) }

  deinit {
    for index in 0..<count { free(pointer[index]) }
    pointer.deallocate()
  }
}
