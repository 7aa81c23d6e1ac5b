import CLinux
import Glibc
import Primitives

/// What tasks and streams tell the loop. Its bell wakes the loop's wait.
final class Mailbox: Sendable {
  enum Message: Sendable {
    /// What a task decided about a request's head.
    case admission(Exchange.Key, Admission)
    /// A handler has answered.
    case answer(Exchange.Key, HTTPResponse)
    /// A stream has bytes for a connection that waits, has ended, or was dropped.
    case wake(Exchange.Key)
    case stop(grace: Duration, done: @Sendable () -> Void)
  }

  private struct State {
    var messages: [Message] = []
    var isClosed = false
  }
  private let state = Lock(State())
  /// Can be read when there are messages.
  let bell: Int32

  init() throws(HTTPServerError) {
    bell = linux_bell_create()
    guard bell >= 0 else { throw .system(doing: "making an eventfd", error: Listener.text(-bell)) }
  }

  deinit {
    Glibc.close(bell)
  }

  func post(_ message: Message) { post([message]) }

  /// The loop finds them all at once.
  func post(_ messages: [Message]) {
    enum Outcome { case first, more, closed }
    let outcome = state.withLock { state -> Outcome in
      guard !state.isClosed else { return .closed }
      let isFirst = state.messages.isEmpty
      state.messages += messages
      return isFirst ? .first : .more
    }
    switch outcome {
    case .first: linux_bell_ring(bell)
    case .more: break
    case .closed: for message in messages { Mailbox.returnToSender(message) }
    }
  }

  /// All messages so far, in the order posted.
  func take() -> [Message] {
    guard state.withLock({ !$0.messages.isEmpty }) else { return [] }
    // Before the messages are taken: a bell hushed afterwards might be that of a later message.
    linux_bell_hush(bell)
    return state.withLock { state in
      defer { state.messages = [] }
      return state.messages
    }
  }

  /// Nobody reads any more: what was posted, and what comes yet, is undone.
  func close() {
    let rest = state.withLock { state in
      state.isClosed = true
      defer { state.messages = [] }
      return state.messages
    }
    for message in rest { Mailbox.returnToSender(message) }
  }

  /// Undoes a message that came too late: a stream ends, whoever waits for the stop goes on.
  private static func returnToSender(_ message: Message) {
    switch message {
    case .answer(_, let response): response.abandon()
    case .wake, .admission: break
    case .stop(_, let done): done()
    }
  }
}

/// Wakes the connection of a stream, from any thread.
struct Waker: Sendable {
  let mailbox: Mailbox
  let key: Exchange.Key

  func wake() { mailbox.post(.wake(key)) }

  /// Those of one server get one message.
  static func wake(_ wakers: [Waker]) {
    guard let mailbox = wakers.first?.mailbox else { return }
    let mine = wakers.filter { $0.mailbox === mailbox }
    mailbox.post(mine.map { .wake($0.key) })
    if mine.count < wakers.count { wake(wakers.filter { $0.mailbox !== mailbox }) }
  }
}
