/// Two jobs that do nothing: one for volleys, one for single runs.
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
  ]

  private static let rehearsal = "turns:\n  - text: Done.\n"

  private static func job(_ name: String, source: String) -> String {
    """
    name: \(name)
    agent: worker
    environment: bench
    triggers:
      - webhook: \(source)
    input:
      message: prompt.md
    limits: {concurrency: 16}
    """
  }
}
