import CLinux
import CMicrohttpd
import Glibc
import Primitives

/// The thread that serves: it waits for sockets, messages and deadlines, and lets the library work.
///
/// The library runs in external epoll mode: with its own thread it stalls under load, because it repeats a
/// blocking wait while exactly 128 events come at once. Nothing here is shared: whoever is on another thread
/// posts to the mailbox. The requests' part is in `EventLoop+Requests`, the end in `EventLoop+Stopping`.
final class EventLoop {
  let configuration: HTTPServer.Configuration
  let mailbox: Mailbox
  private let counted: Lock<HTTPServer.Statistics>
  private let epoll: Int32
  private let keys = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: 256)
  /// The library looks into them as long as it runs.
  private let settings = UnsafeMutablePointer<errand_mhd_settings>.allocate(capacity: 1)
  /// Nil only until the initialiser has started it.
  private(set) var daemon: OpaquePointer?

  var connections: [UInt64: Connection] = [:]
  private var nextConnection = Key.firstConnection
  /// Every handler that has not answered, also when its client has gone.
  var handlers: [Exchange.Key: Task<Void, Never>] = [:]
  /// Whether a connection has closed in this run of the library.
  private var hasClosed = false
  private var deadlines = Deadlines()
  /// Read once per turn.
  private(set) var now = ContinuousClock.now
  var statistics = HTTPServer.Statistics()
  var stopping: Stopping?

  /// What epoll reports: one of these, or a connection's id.
  private enum Key {
    static let library: UInt64 = 0
    static let bell: UInt64 = 1
    static let firstConnection: UInt64 = 2
  }

  /// Bytes that the library keeps per connection: the head of a request, its parsed form, the head of the
  /// answer and a chunk of a stream must fit. Cookies are held twice. Little of it becomes resident:
  /// an idle stream costs about 19 KiB in all.
  private static let memory = 3 * Head.sizeLimit

  init(
    _ configuration: HTTPServer.Configuration, listener: Listener, mailbox: Mailbox,
    counted: Lock<HTTPServer.Statistics>
  ) throws(HTTPServerError) {
    self.configuration = configuration
    self.mailbox = mailbox
    self.counted = counted
    epoll = linux_epoll_create()
    settings.initialize(to: errand_mhd_settings())
    settings.pointee.listener = listener.descriptor
    settings.pointee.connection_limit = UInt32(clamping: configuration.connectionLimit)
    settings.pointee.timeout = UInt32(clamping: Int(configuration.idleTimeout.inSeconds.rounded(.up)))
    settings.pointee.memory = EventLoop.memory
    settings.pointee.context = Unmanaged.passUnretained(self).toOpaque()
    setCallbacks(&settings.pointee)
    daemon = errand_mhd_start(settings)
    guard epoll >= 0, let daemon else {
      close(listener.descriptor)
      throw .system(doing: "starting libmicrohttpd", error: "out of memory or descriptors")
    }
    let failure = min(
      linux_epoll_watch_readable(epoll, errand_mhd_epoll(daemon), Key.library),
      linux_epoll_watch_readable(epoll, mailbox.bell, Key.bell))
    guard failure == 0 else {
      MHD_stop_daemon(daemon)
      throw .system(doing: "watching the sockets", error: Listener.text(-failure))
    }
  }

  deinit {
    keys.deallocate()
    settings.deallocate()
    if epoll >= 0 { close(epoll) }
  }

  /// Serves until it is told to stop.
  func run() {
    guard let daemon else { return }
    ignoreBrokenPipes()
    warnOfFewDescriptors()
    while !isStopped {
      wait(daemon)
      now = .now
      for message in mailbox.take() { receive(message) }
      runLibrary(daemon)
      while let due = deadlines.takeDue(now) { check(due) }
      continueStopping()
      publish()
    }
    end(daemon)
    publish()
    mailbox.close()
    for done in stopping?.done ?? [] { done() }
  }

  private func wait(_ daemon: OpaquePointer) {
    var milliseconds = Int32(-1)
    for moment in [deadlines.earliest, stopping?.next] {
      guard let moment else { continue }
      // Rounded up, or the loop would spin through the last millisecond.
      let left = Int32(clamping: (moment - .now).microseconds / 1000 + 1)
      milliseconds = milliseconds < 0 ? max(0, left) : min(milliseconds, max(0, left))
    }
    var library: UInt64 = 0
    if MHD_get_timeout(daemon, &library) == .YES {
      let left = Int32(clamping: library)
      milliseconds = milliseconds < 0 ? left : min(milliseconds, left)
    }
    let count = linux_epoll_wait(epoll, keys.baseAddress, Int32(keys.count), milliseconds)
    for key in keys.prefix(max(0, Int(count))) where key >= Key.firstConnection {
      // By id, never by descriptor: that may be another client's by now.
      if let connection = connections[key] { hangUp(connection) }
    }
  }

  /// At the limit the library stops watching for new connections, and starts again only at the next run after
  /// one has closed. Without that run nothing would wake the loop for those who wait.
  private func runLibrary(_ daemon: OpaquePointer) {
    repeat {
      hasClosed = false
      MHD_run(daemon)
    } while hasClosed
  }

  private func receive(_ message: Mailbox.Message) {
    switch message {
    case .answer(let key, let response): deliver(response, to: key)
    case .wake(let key): wake(key)
    case .stop(let grace, let done): beginStopping(grace: grace, done: done)
    }
  }

  private func publish() {
    statistics.connections = connections.count
    statistics.inFlight = handlers.count
    counted.withLock { [statistics] in $0 = statistics }
  }

  /// The library asks for this so that it may use sendfile, which has no flag against the signal.
  private func ignoreBrokenPipes() {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
  }

  private func warnOfFewDescriptors() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    guard limit.rlim_cur < UInt(configuration.connectionLimit) + 64 else { return }
    configuration.log(
      "Only \(limit.rlim_cur) files may be open at once, fewer than \(configuration.connectionLimit) "
        + "connections need. Raise the limit (LimitNOFILE in systemd, ulimit -n in a shell).")
  }
}

// Connections and their deadlines.
extension EventLoop {
  func open(_ handle: OpaquePointer) -> Connection {
    let connection = Connection(id: nextConnection, handle: handle)
    nextConnection += 1
    connections[connection.id] = connection
    // A failure costs the early notice that this client has gone, nothing else.
    _ = linux_epoll_watch_hangup(epoll, connection.descriptor, connection.id)
    schedule(connection, at: now + configuration.idleTimeout)
    return connection
  }

  func forget(_ connection: Connection) {
    connections[connection.id] = nil
    hasClosed = true
  }

  /// Has the connection looked at then, and not before.
  func schedule(_ connection: Connection, at moment: ContinuousClock.Instant) {
    connection.deadline = moment
    if let scheduled = connection.scheduled, scheduled <= moment { return }
    connection.scheduled = moment
    deadlines.add(moment, connection: connection.id)
  }

  private func check(_ due: Deadlines.Entry) {
    guard let connection = connections[due.connection], connection.scheduled == due.at else { return }
    connection.scheduled = nil
    guard let deadline = connection.deadline else { return }
    if deadline > now {
      schedule(connection, at: deadline)
    } else {
      connection.deadline = nil
      expire(connection)
    }
  }
}
