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
  var crowd = Crowd()
  var budget: BodyBudget
  /// What the bodies that handlers work on hold.
  var worked: [Exchange.Key: BodyBudget.Held] = [:]
  /// Requests that wait for room in memory, in the order in which they were complete.
  var waiting: [Exchange.Key] = []
  /// Connections that were told to make room and are not closed yet.
  private var leaving = 0
  /// When the log last said that there are too many connections.
  private var toldFull: ContinuousClock.Instant?
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

  /// How long what comes after a refusal is read and dropped.
  static let lingering = Duration.seconds(5)

  init(
    _ configuration: HTTPServer.Configuration, listener: Listener, mailbox: Mailbox,
    counted: Lock<HTTPServer.Statistics>
  ) throws(HTTPServerError) {
    self.configuration = configuration
    budget = BodyBudget(configuration.bodies)
    self.mailbox = mailbox
    self.counted = counted
    epoll = linux_epoll_create()
    settings.initialize(to: errand_mhd_settings())
    settings.pointee.listener = listener.descriptor
    settings.pointee.connection_limit = UInt32(
      clamping: configuration.connectionLimit + configuration.reserve)
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
    case .admission(let key, let admission): admit(admission, to: key)
    case .answer(let key, let response): deliver(response, to: key)
    case .wake(let key): wake(key)
    case .stop(let grace, let done): beginStopping(grace: grace, done: done)
    }
  }

  private func publish() {
    statistics.connections = connections.count
    statistics.inFlight = handlers.count
    statistics.bodiesInMemory = budget.memory
    statistics.bodiesOnDisk = budget.disk
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
    let needed = configuration.connectionLimit + configuration.reserve
    guard limit.rlim_cur < UInt(needed) + 64 else { return }
    configuration.log(
      "Only \(limit.rlim_cur) files may be open at once, fewer than \(needed) "
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
    schedule(connection, at: now + configuration.headTimeout)
    if !configuration.isProxy(connection.peer), let address = AddressBlock(connection.peer) {
      if crowd.count(of: address) >= configuration.addressLimit {
        tell(
          "\(connection.peer) has \(configuration.addressLimit) connections that have not shown whose they are."
        )
        // With none that waits, the address has that much under way: this one has to go.
        end(crowd.longestWaiting(of: address, among: connections) ?? connection)
      }
      crowd.enter(address)
      connection.address = address
    }
    crowd.wait(connection, among: connections)
    if isFull { makeRoom(for: connection) }
    return connection
  }

  /// Ends the connection that has waited longest for its client. Without one all are at work, and what is beyond the
  /// limit serves those requests only that the reserve is for.
  private func makeRoom(for connection: Connection) {
    tell("All \(configuration.connectionLimit) connections are taken.")
    guard let longest = crowd.longestWaiting(among: connections) else { return }
    if longest === connection {
      crowd.wait(connection, among: connections)
    } else {
      end(longest)
    }
  }

  /// Whether there are more connections than the limit, not counting those that make room and that the library has
  /// not closed yet.
  var isFull: Bool { connections.count - leaving > configuration.connectionLimit }

  /// Once a minute at most, whatever comes.
  private func tell(_ what: String) {
    if let toldFull, now - toldFull < .seconds(60) { return }
    toldFull = now
    configuration.log("\(what) Those that have been silent longest are closed to make room.")
  }

  private func end(_ connection: Connection) {
    guard !connection.isLeaving else { return }
    statistics.closedForRoom += 1
    leaving += 1
    connection.isLeaving = true
    connection.isCut = true
    connection.shut()
  }

  func forget(_ connection: Connection) {
    connections[connection.id] = nil
    if connection.isLeaving { leaving -= 1 }
    if let address = connection.address { crowd.leave(address) }
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
