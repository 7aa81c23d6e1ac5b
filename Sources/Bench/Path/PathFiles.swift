/// Jobs that do nothing: one for each kind of volley, one for single runs.
enum PathFiles {
  static let all = [
    "agents/worker.yaml": "name: worker\nmodel: rehearsed\n",
    "environments/bench.yaml": "name: bench\nconfig: {type: cloud}\n",
    "sources/desk.yaml": "kind: generic\nsecret: ${env:DESK_SECRET}\n",
    "sources/idle.yaml": "kind: generic\nsecret: ${env:IDLE_SECRET}\n",
    "volley/job.yaml": job("volley", source: "desk"),
    "volley/prompt.md": "Say that you are done.\n",
    "volley/rehearsal.yaml": rehearsal,
    "idle/job.yaml": job("idle", source: "idle"),
    "idle/prompt.md": "Say that you are done.\n",
    "idle/rehearsal.yaml": rehearsal,
    "sources/github.yaml": "kind: github\nsecret: ${env:GITHUB_SECRET}\n",
    "sources/slack.yaml": "kind: slack\nsecret: ${env:SLACK_SECRET}\n",
    "issues/job.yaml": job(
      "issues", source: "github",
      match: "{type: [issues.opened], body: {issue: {labels: {name: [bug]}}}}"),
    "issues/prompt.md": "Fix {{trigger.body.issue.title}}.\n",
    "issues/rehearsal.yaml": rehearsal,
    "commands/job.yaml": job("commands", source: "slack", match: "{body: {command: [/errand]}}"),
    "commands/prompt.md": "Do {{trigger.text}}.\n",
    "commands/rehearsal.yaml": rehearsal,
  ]

  private static let rehearsal = "turns:\n  - text: Done.\n"

  private static func job(_ name: String, source: String, match: String? = nil) -> String {
    """
    name: \(name)
    agent: worker
    environment: bench
    triggers:
      - webhook: \(source)\(match.map { "\n    match: \($0)" } ?? "")
    input:
      message: prompt.md
    limits: {concurrency: 16}
    """
  }
}
