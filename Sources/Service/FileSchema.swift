import Catalog
package import JSON
import Jobs
import Reading
import Runs

/// The files that people write for Errand, and what Errand writes for them, as JSON Schemas (draft 2020-12).
package enum FileSchema: String, Sendable, CaseIterable {
  case job, agent, environment, source, rehearsal, result

  package var document: JSON {
    switch self {
    case .job:
      ValueShape.object(JobShapes.job(callbacks: ErrandService.kinds.callbacks))
        .document(
          title: "job.yaml", about: "A job of Errand: who does what, when, and where the result goes.")
    case .agent:
      ValueShape.object(AgentShapes.agent)
        .document(title: "agents/NAME.yaml", about: "An agent: the fields of POST /v1/agents.")
    case .environment:
      ValueShape.object(EnvironmentShapes.environment)
        .document(
          title: "environments/NAME.yaml", about: "Where agents work: the fields of POST /v1/environments.")
    case .source:
      JobShapes.source(kinds: ErrandService.kinds.sources)
        .document(title: "sources/NAME.yaml", about: "Where webhooks come from: who may call /hooks/NAME.")
    case .rehearsal:
      ValueShape.object(RehearsalShapes.rehearsal)
        .document(
          title: "rehearsal.yaml", about: "What is played under --rehearse instead of asking a model.")
    case .result:
      ValueShape.object(ResultShape.result)
        .document(
          title: "result.json", about: "What a directory gets as result.json and a webhook as its body.")
    }
  }
}
