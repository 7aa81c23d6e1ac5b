/// One thing that must be so for the server to do its work. A new one is one line in the service's list.
package struct HealthCheck: Sendable {
  /// One word, for programs.
  package let name: String
  /// What is wrong when it fails, told to anybody who asks: no names, no paths.
  package let sentence: String
  /// Nil when all is well, else what exactly is wrong, for the log and for those who show a key. An error says the
  /// same. It may hang.
  let fault: @Sendable () async throws -> String?

  package init(
    _ name: String, _ sentence: String, fault: @escaping @Sendable () async throws -> String?
  ) {
    self.name = name
    self.sentence = sentence
    self.fault = fault
  }

  /// A check that failed.
  package struct Finding: Sendable, Equatable {
    package let check: String
    package let sentence: String
    package let detail: String
  }
}
