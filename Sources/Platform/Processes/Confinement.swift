import Glibc

/// One resource limit of a process, soft and hard alike; never more than what we have ourselves.
package struct ResourceLimit: Sendable, Equatable {
  package enum Resource: Sendable {
    /// Seconds of processor time.
    case cpu
    /// Bytes of private, writable memory.
    case data
    /// Bytes of one file.
    case fileSize
    case openFiles
    /// Processes of the same user in the same user namespace.
    case processes
    /// Bytes of a core dump.
    case core
  }
  package var resource: Resource
  package var value: UInt64

  package init(_ resource: Resource, _ value: UInt64) {
    self.resource = resource
    self.value = value
  }

  var number: Int32 {
    switch resource {
    case .cpu: Int32(RLIMIT_CPU.rawValue)
    case .data: Int32(RLIMIT_DATA.rawValue)
    case .fileSize: Int32(RLIMIT_FSIZE.rawValue)
    case .openFiles: Int32(RLIMIT_NOFILE.rawValue)
    case .processes: Int32(__RLIMIT_NPROC.rawValue)
    case .core: Int32(RLIMIT_CORE.rawValue)
    }
  }
}

/// What a process may less than we do. The default takes nothing away.
package struct Confinement: Sendable {
  package struct Identity: Sendable, Equatable {
    package var user: UInt32
    package var group: UInt32
    package init(user: UInt32, group: UInt32) {
      self.user = user
      self.group = group
    }
  }
  /// A folder that the process sees in the place of another; needs root.
  package struct Stage: Sendable, Equatable {
    package var source: String
    package var target: String
    package init(source: String, target: String) {
      self.source = source
      self.target = target
    }
  }

  /// A pidfd: all namespaces of that process are entered, the one of users included.
  package var sandbox: Descriptor?
  /// As the sandbox counts ids.
  package var identity: Identity?
  package var limits: [ResourceLimit] = []
  /// Open `cgroup.procs` files of the groups the process joins.
  package var cgroups: [Descriptor] = []
  /// No capability, no way to one, an empty keyring.
  package var givesUpPrivileges = false
  /// No system calls but those that programs in a sandbox need, for the process and all that it starts; only
  /// with `givesUpPrivileges`.
  package var filtersCalls = false
  package var stage: Stage?

  package init() {}
}
