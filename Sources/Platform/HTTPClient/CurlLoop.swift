import CCurl
import Glibc
import Primitives

/// The one thread that owns libcurl: it alone touches the multi handle and everything added to it. Others
/// leave a command and wake it.
final class CurlLoop: @unchecked Sendable {
  // Safe to share: what is not behind the inbox's lock is touched by the thread alone, and the multi handle
  // is woken only with that lock held and before the thread gives it up.

  /// Names a transfer from before it is added until after it is gone.
  typealias Ticket = Int

  private enum Command {
    case add(Transfer)
    case drop(Ticket)
    case resume(Ticket)
  }

  private struct Inbox {
    var commands: [Command] = []
    var issued: Ticket = 0
    var isClosed = false
  }

  /// Easy handles kept for the next transfers; each holds some 20 KiB.
  private static let spareLimit = 128

  private let inbox = Lock(Inbox())
  private let multi: UnsafeMutableRawPointer
  private var active: [Ticket: Transfer] = [:]
  private var spare: [EasyHandle] = []
  private var idle = IdleWatch()

  init(maxConnections: Int) {
    CurlLoop.prepareLibrary
    guard let multi = curl_multi_init() else { preconditionFailure("libcurl has no memory to start with.") }
    self.multi = multi
    // Without it the cache follows the number of running transfers and connections are opened over and over.
    errand_multi_long(multi, CURLMOPT_MAXCONNECTS, maxConnections)
  }

  private static let prepareLibrary: Void = {
    let code = curl_global_init(Int(CURL_GLOBAL_DEFAULT))
    precondition(code == CURLE_OK, "libcurl does not start: error \(code.rawValue).")
  }()

  // From any thread.

  func issueTicket() -> Ticket {
    inbox.withLock { inbox in
      inbox.issued += 1
      return inbox.issued
    }
  }

  /// False once the loop is closed.
  func add(_ transfer: Transfer) -> Bool { post(.add(transfer)) }

  /// Forgets a transfer without a word to its receiver. One that is not there, or no longer, is fine.
  func drop(_ ticket: Ticket) { _ = post(.drop(ticket)) }

  /// Offers bytes that were turned away again.
  func resume(_ ticket: Ticket) { _ = post(.resume(ticket)) }

  /// Ends the thread; what is open fails with `HTTPClientError.closed`.
  func close() {
    inbox.withLock { inbox in
      guard !inbox.isClosed else { return }
      inbox.isClosed = true
      curl_multi_wakeup(multi)
    }
  }

  private func post(_ command: Command) -> Bool {
    inbox.withLock { inbox in
      guard !inbox.isClosed else { return false }
      inbox.commands.append(command)
      if inbox.commands.count == 1 { curl_multi_wakeup(multi) }
      return true
    }
  }

  // On the thread.

  func run() {
    CurlLoop.blockBrokenPipeSignal()
    while let commands = takeCommands() {
      for command in commands { obey(command) }
      var running: Int32 = 0
      stand(curl_multi_perform(multi, &running))
      collectFinished()
      for transfer in idle.expired() { remove(transfer.ticket)?.receiver.finish(transfer.idleFailure) }
      if inbox.withLock({ $0.commands.isEmpty && !$0.isClosed }) {
        stand(curl_multi_poll(multi, nil, 0, idle.millisecondsToNext, nil))
      }
    }
    failAll(.closed)
    for handle in spare { handle.free() }
    curl_multi_cleanup(multi)
  }

  /// libcurl is told to leave signals alone, so a write to a closed connection would end the program.
  private static func blockBrokenPipeSignal() {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
  }

  /// Nil once closed.
  private func takeCommands() -> [Command]? {
    let (commands, isClosed) = inbox.withLock { inbox in
      defer { inbox.commands = [] }
      return (inbox.commands, inbox.isClosed)
    }
    guard isClosed else { return commands }
    for case .add(let transfer) in commands { transfer.receiver.finish(HTTPClientError.closed) }
    return nil
  }

  private func obey(_ command: Command) {
    switch command {
    case .add(let transfer): start(transfer)
    case .drop(let ticket): remove(ticket)
    case .resume(let ticket): resumeNow(ticket)
    }
  }

  private func start(_ transfer: Transfer) {
    // A cancellation may have come first.
    guard !transfer.receiver.isOver else { return }
    do throws(HTTPClientError) {
      let handle = if let kept = spare.popLast() { kept } else { try EasyHandle() }
      active[transfer.ticket] = transfer
      try transfer.configure(handle)
      try check(curl_multi_add_handle(multi, handle.pointer))
      idle.watch(transfer)
    } catch {
      remove(transfer.ticket)
      transfer.receiver.finish(error)
    }
  }

  private func resumeNow(_ ticket: Ticket) {
    guard let transfer = active[ticket], let handle = transfer.handle else { return }
    transfer.isResting = false
    transfer.noteActivity()
    // Offers what was turned away from inside this call, so the transfer may rest again or be over after it.
    let code = curl_easy_pause(handle.pointer, CURLPAUSE_CONT)
    if code != CURLE_OK { finish(transfer, code) }
  }

  private func collectFinished() {
    var code = CURLE_OK
    while let pointer = errand_multi_finished(multi, &code) {
      guard let transfer = EasyHandle(pointer).transfer else { continue }
      finish(transfer, code)
    }
  }

  private func finish(_ transfer: Transfer, _ code: CURLcode) {
    // Before the removal, after which the handle no longer knows why.
    let failure = transfer.failure(for: code)
    remove(transfer.ticket)
    transfer.receiver.finish(failure)
  }

  /// Takes a transfer off libcurl and keeps its handle for another.
  @discardableResult
  private func remove(_ ticket: Ticket) -> Transfer? {
    guard let transfer = active.removeValue(forKey: ticket) else { return nil }
    idle.forget(ticket)
    guard let handle = transfer.handle else { return transfer }
    // Harmless for one whose setting up failed, which was never added.
    curl_multi_remove_handle(multi, handle.pointer)
    transfer.letGo()
    if spare.count < CurlLoop.spareLimit {
      spare.append(handle)
    } else {
      handle.free()
    }
    return transfer
  }

  /// Survives an error of the multi handle, which is none of a single transfer's.
  private func stand(_ code: CURLMcode) {
    guard code != CURLM_OK else { return }
    failAll(.failed(String(cString: curl_multi_strerror(code))))
    // One that comes again and again must not take a whole core.
    usleep(10_000)
  }

  private func failAll(_ failure: HTTPClientError) {
    for ticket in active.keys.sorted() { remove(ticket)?.receiver.finish(failure) }
  }
}
