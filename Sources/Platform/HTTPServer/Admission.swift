/// What becomes of a request whose head has been read.
package indirect enum Admission: Sendable {
  /// Read its body, of at most so many bytes, then call the handler.
  case accept(bodyLimit: Int, from: Standing = .known)
  /// The same, with the body in a file without a name in a directory: for those too long for memory.
  case spool(bodyLimit: Int, directory: String, from: Standing = .known)
  /// Answer this without calling the handler, before any of the body is taken. With a body on its way the connection
  /// ends.
  case refuse(HTTPResponse)
  /// Decide in a task, and take nothing of the body before.
  case ask(@Sendable () async -> Admission)
}

/// What a request's head shows of who sends it: how much of the server it may take.
package enum Standing: Sendable {
  /// Nothing.
  case stranger
  /// Nothing, and little is asked: whether the server is well. Answered from the reserve, too.
  case probe
  /// It brings a proof that can be checked only with the body. Answered from the reserve, too; an answer below 400
  /// says that the proof was right.
  case claimed
  /// A proof that was checked.
  case known
}
