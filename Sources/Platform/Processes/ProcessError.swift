import Glibc

/// Why a program could not be started or watched.
package enum ProcessError: Error, Equatable, CustomStringConvertible {
  case notFound(program: String, path: String)
  case notExecutable(program: String, errno: Int32)
  case directory(String, errno: Int32)
  /// The limit on processes, or memory.
  case noRoom(errno: Int32)
  /// The process or namespace to enter is gone.
  case sandboxGone(errno: Int32)
  /// What enters the sandbox was held up there, until its time was over.
  case halted(after: Duration)
  case unusable(argument: String)
  case system(action: String, errno: Int32)

  package var description: String {
    switch self {
    case .notFound(let program, let path):
      program.contains("/")
        ? "There is no program at \(program)."
        : "The program “\(program)” was not found in PATH (\(path)). Install it, or correct PATH."
    case .notExecutable(let program, let errno):
      "\(program) cannot be run: \(Self.text(errno)). Check its permissions and what kind of file it is."
    case .directory(let path, let errno):
      "The folder \(path) cannot be worked in: \(Self.text(errno))."
    case .noRoom(let errno):
      "No further process can be started: \(Self.text(errno)). The limit on processes or memory is reached."
    case .sandboxGone(let errno):
      "The sandbox cannot be entered: \(Self.text(errno)). Its first process has ended or is not ours."
    case .halted(let limit):
      "The program did not start within \(limit.components.seconds) s and was given up: a process in the sandbox halted "
        + "it, or the machine is overloaded."
    case .unusable(let argument):
      "The argument “\(argument.prefix(60))” contains a zero byte, which no program can be given."
    case .system(let action, let errno):
      "The system refused to \(action): \(Self.text(errno))."
    }
  }

  /// The system's words for an error number.
  package static func text(_ errno: Int32) -> String {
    "\(String(cString: strerror(errno))) (\(errno))"
  }
}
