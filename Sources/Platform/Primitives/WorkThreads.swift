/// A few threads of our own for work that blocks, in the order it came. They stay for as long as the program.
package final class WorkThreads: Sendable {
  private let jobs = Gate<[@Sendable () -> Void]>([])

  /// - Parameter name: what `top -H` shows, with a number; at most 13 bytes.
  package init(_ name: String, count: Int) {
    for number in 1...count {
      Thread("\(name) \(number)") { [jobs] in
        while true {
          let next = jobs.wait { $0.isEmpty ? nil : $0.removeFirst() }
          next()
        }
      }.detach()
    }
  }

  package func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      jobs.update { $0.append { continuation.resume(with: Swift.Result { try body() }) } }
    }
  }
}
