import Glibc

/// The job that the crash journey runs: two tool calls that leave a trace each, a check that fails once, a
/// verdict, and two callbacks.
enum CrashFiles {
  static let all = [
    "agents/worker.yaml": """
    name: worker
    model: rehearsed
    tools:
      - type: agent_toolset_20260401
    """,
    "environments/bench.yaml": """
    name: bench
    config: {type: cloud, networking: {type: limited, allowed_hosts: []}}
    """,
    "sources/desk.yaml": """
    kind: generic
    secret: ${env:DESK_SECRET}
    """,
    "trace/job.yaml": """
    name: trace
    agent: worker
    environment: bench
    overlap: allow_all
    triggers:
      - {name: tick, schedule: "*/2 * * * * *", timezone: UTC}
      - {name: desk, webhook: desk}
    input:
      message: prompt.md
    outcome:
      description: A trace of every step.
      rubric: rubric.md
      checks:
        - {name: second step, run: "grep -q second /mnt/session/outputs/trace.txt"}
      max_iterations: 10
    limits: {timeout: 10m, deadline: 30m, attempts: 2, concurrency: 8}
    callbacks:
      - webhook: {url: "${env:CALLBACK_URL}", secret: "${env:CALLBACK_SECRET}"}
      - directory: {path: "${env:RESULTS_DIR}"}
    """,
    "trace/prompt.md": "Leave a trace of every step.\n",
    "trace/rubric.md": "- Every step left exactly one line.\n",
    "trace/rehearsal.yaml": rehearsal,
  ]

  /// The first draft always lacks the second step. A kill may cut any later step off, too; then the check
  /// fails and the next one is tried. No two steps leave the same line.
  private static let rehearsal: String = {
    var lines = [
      "turns:", "  - text: The first step.", "    delay: 30ms", "    tools:",
      bash("echo first-a >> \(trace)"),
      bash("echo first-b >> \(trace)"), "  - text: That was all, I think.",
    ]
    for number in 1...8 {
      lines += [
        "  - text: The second step.", "    delay: 30ms", "    tools:",
        bash("sleep 0.05; echo second-\(number) >> \(trace)"), "  - text: Now it is all.",
      ]
    }
    lines.append("evaluations:")
    for _ in 1...8 {
      lines.append("  - {result: satisfied, explanation: Every step left a line., criteria: []}")
    }
    return lines.joined(separator: "\n") + "\n"
  }()

  private static let trace = "/mnt/session/outputs/trace.txt"

  private static func bash(_ command: String) -> String {
    "      - {name: bash, input: {command: \"\(command)\"}}"
  }

  static func write(_ files: [String: String], to folder: String) throws {
    for (name, text) in files {
      let path = "\(folder)/\(name)"
      try makeFolders(path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" })
      let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
      guard descriptor >= 0 else { throw BenchError.system(what: "Writing \(path)", errno: errno) }
      defer { close(descriptor) }
      let bytes = Array(text.utf8)
      guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
        throw BenchError.system(what: "Writing \(path)", errno: errno)
      }
    }
  }

  static func makeFolders(_ path: String) throws {
    var made = ""
    for part in path.split(separator: "/") {
      made += "/\(part)"
      guard mkdir(made, 0o700) == 0 || errno == EEXIST else {
        throw BenchError.system(what: "Making \(made)", errno: errno)
      }
    }
  }
}
