import Glibc

/// The three uses as small jobs: schedule and generic webhook, bug report to pull request, chat post to file.
/// Each takes a first step that is not enough, fails its check, and takes a second one.
enum CrashFiles {
  /// - Parameter slack: the host and port of Slack's stand-in.
  static func all(slack: String) -> [String: String] {
    [
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
      "sources/github.yaml": """
      kind: github
      secret: ${env:GITHUB_SECRET}
      """,
      "sources/slack.yaml": """
      kind: slack
      secret: ${env:SLACK_SECRET}
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
          - {name: second step, run: "grep -q second \(trace)"}
        max_iterations: 20
      limits: {timeout: 10m, deadline: 30m, attempts: 2, concurrency: 8}
      callbacks:
        - webhook: {url: "${env:CALLBACK_URL}", secret: "${env:CALLBACK_SECRET}"}
        - directory: {path: "${env:RESULTS_DIR}"}
      """,
      "trace/rehearsal.yaml": rehearsal(
        first: ["echo first-a >> \(trace)", "echo first-b >> \(trace)"],
        second: { "sleep 0.05; echo second-\($0) >> \(trace)" }),
      "patch/job.yaml": """
      name: patch
      agent: worker
      environment: bench
      triggers:
        - webhook: github
          match: {type: [issues.opened], body: {issue: {labels: {name: [bug]}}}}
          key: "{{trigger.body.repository.full_name}}#{{trigger.body.issue.number}}"
          repeat: reject
      input:
        message: prompt.md
        repositories:
          - {url: "{{trigger.body.repository.clone_url}}", mount: \(clone), token: "${env:GITHUB_TOKEN}"}
      outcome:
        description: Both steps are committed.
        rubric: rubric.md
        checks:
          - {name: second step, run: "cd \(clone) && git show HEAD:steps.txt | grep -q second"}
        max_iterations: 20
      limits: {timeout: 10m, deadline: 30m, attempts: 2, concurrency: 4}
      callbacks:
        - github:
            pull_request: {base: main, branch: "errand/{{trigger.body.issue.number}}", title: "Fix {{trigger.body.issue.number}}"}
      """,
      "patch/rehearsal.yaml": rehearsal(first: [commit("first")], second: { commit("second-\($0)") }),
      "table/job.yaml": """
      name: table
      agent: worker
      environment: bench
      triggers:
        - {webhook: slack, match: {type: [slash_command]}}
      input:
        message: prompt.md
      outcome:
        description: A table of every step.
        rubric: rubric.md
        checks:
          - {name: second step, run: "grep -q second \(table)"}
        max_iterations: 20
      limits: {timeout: 10m, deadline: 30m, attempts: 2, concurrency: 4}
      callbacks:
        - slack: {text: "{{trigger.body.text}}", allowed_hosts: ["\(slack)"]}
      """,
      "table/rehearsal.yaml": rehearsal(
        first: ["echo step,first >> \(table)"], second: { "echo step,second-\($0) >> \(table)" }),
    ].merging(
      ["trace", "patch", "table"].flatMap { job in
        [
          ("\(job)/prompt.md", "Leave a trace of every step.\n"),
          ("\(job)/rubric.md", "- Every step left exactly one line.\n"),
        ]
      }
    ) { $1 }
  }

  private static let trace = "/mnt/session/outputs/trace.txt"
  private static let table = "/mnt/session/outputs/table.csv"
  private static let clone = "/workspace/repo"

  /// A kill may leave git's lock behind, which whoever comes next has to clear away.
  private static func commit(_ line: String) -> String {
    "cd \(clone) && rm -f .git/index.lock && echo \(line) >> steps.txt && git add steps.txt && git commit -q -m \(line)"
  }

  /// The first draft always lacks the second step. A kill may cut any later step off, too; then the check
  /// fails and the next one is tried; there are as many as iterations are allowed, for on a slow machine every
  /// round may end amid one. No two steps leave the same line.
  private static func rehearsal(first: [String], second: (Int) -> String) -> String {
    var lines = ["turns:", "  - text: The first step.", "    delay: 30ms", "    tools:"]
    lines += first.map(bash)
    lines.append("  - text: That was all, I think.")
    for number in 1...18 {
      lines += [
        "  - text: The second step.", "    delay: 30ms", "    tools:", bash(second(number)),
        "  - text: Now it is all.",
      ]
    }
    lines.append("evaluations:")
    for _ in 1...20 {
      lines.append("  - {result: satisfied, explanation: Every step left a line., criteria: []}")
    }
    return lines.joined(separator: "\n") + "\n"
  }

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
