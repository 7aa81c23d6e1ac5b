import CLinux
import Glibc

extension Descriptor {
  /// A socket that listens on a port of 127.0.0.1 inside the namespaces of a process: whoever connects there
  /// is accepted here, and nothing has to run inside for it. Non-blocking. Blocks the caller for a few
  /// milliseconds, and for ten seconds when the system is stuck.
  /// - Parameter sandbox: a pidfd, as in `Confinement`.
  package static func listening(inside sandbox: Descriptor, port: UInt16, backlog: Int32) throws -> Descriptor
  {
    let number = linux_listen_inside(sandbox.number, port, backlog, 10_000)
    guard number >= 0 else {
      throw ProcessError.system(action: "listen on a port inside the sandbox", errno: -number)
    }
    return Descriptor(owning: number)
  }

  /// A connection that waits on a listening socket, non-blocking; nil when none does.
  package static func accepted(on listener: Descriptor) throws -> Descriptor? {
    let number = linux_accept(listener.number)
    if number == -EAGAIN { return nil }
    guard number >= 0 else { throw ProcessError.system(action: "accept a connection", errno: -number) }
    return Descriptor(owning: number)
  }
}
