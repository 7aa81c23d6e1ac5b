import HTTPServer
import JSON

// Every address that Errand answers, on one page. Without another scope, `read` is enough for GET and `run`
// for everything else. The key is looked at, and a webhook's proof looked for, before anything of the body is taken;
// without another size, a POST brings a small one and everything else none.
extension API {
  static let routes: [Route] = [
    Route("GET", "/healthz", .open) { api, request in await api.health(request) },
    Route("POST", "/hooks/:source", .proof, body: .webhook) { api, request in
      try await api.receiveHook(request)
    },

    // Errand's own resources.
    Route("GET", "/v1/jobs") { api, request in try await api.listJobs(request) },
    Route("GET", "/v1/jobs/:name") { api, request in try await api.showJob(request) },
    Route("POST", "/v1/jobs", .admin, body: .large) { api, request in try await api.applyJobs(request) },
    Route("GET", "/v1/schedules") { api, request in try await api.listSchedules(request) },
    Route("GET", "/v1/schedules/:id") { api, request in try await api.showSchedule(request) },
    Route("POST", "/v1/schedules/:id/pause", .admin) { api, request in try await api.pauseSchedule(request) },
    Route("POST", "/v1/schedules/:id/unpause", .admin) { api, request in
      try await api.unpauseSchedule(request)
    },
    Route("POST", "/v1/schedules/:id/skip", .admin) { api, request in try await api.skipSchedule(request) },
    Route("POST", "/v1/schedules/:id/unskip", .admin) { api, request in
      try await api.unskipSchedule(request)
    },
    Route("POST", "/v1/schedules/:id/backfill", .admin) { api, request in
      try await api.backfillSchedule(request)
    },
    Route("POST", "/v1/runs", .run, .hooks, creates: true, body: .large) { api, request in
      try await api.startRun(request)
    },
    Route("GET", "/v1/runs") { api, request in try await api.listRuns(request) },
    Route("GET", "/v1/runs/:id") { api, request in try await api.showRun(request) },
    Route("POST", "/v1/runs/:id/cancel") { api, request in try await api.cancelRun(request) },
    Route("GET", "/v1/firings") { api, request in try await api.listFirings(request) },
    Route("GET", "/v1/firings/:id") { api, request in try await api.showFiring(request) },
    Route("POST", "/v1/firings/:id/cancel") { api, request in try await api.cancelFiring(request) },
    Route("GET", "/v1/receipts") { api, request in try await api.listReceipts(request) },
    Route("POST", "/v1/receipts/:id/replay", .admin) { api, request in
      try await api.replayReceipt(request)
    },
    Route("GET", "/v1/ids/:end") { api, request in try await api.listIDs(request) },
    Route("GET", "/v1/why/:id") { api, request in try await api.why(request) },
    Route("GET", "/v1/deliveries") { api, request in try await api.listDeliveries(request) },
    Route("GET", "/v1/deliveries/:id") { api, request in try await api.showDelivery(request) },
    Route("POST", "/v1/deliveries/:id/retry") { api, request in try await api.retryDelivery(request) },
    Route("GET", "/v1/keys", .admin) { api, request in try await api.listKeys(request) },
    Route("POST", "/v1/keys", .admin, creates: true) { api, request in try await api.createKey(request) },
    Route("POST", "/v1/keys/:id/revoke", .admin) { api, request in try await api.revokeKey(request) },

    // The wire API: agents and environments.
    Route("GET", "/v1/agents") { api, request in try await api.listAgents(request) },
    Route("POST", "/v1/agents", creates: true, body: .large) { api, request in
      try await api.createAgent(request)
    },
    Route("GET", "/v1/agents/:id") { api, request in try await api.showAgent(request) },
    Route("POST", "/v1/agents/:id", body: .large) { api, request in try await api.updateAgent(request) },
    Route("POST", "/v1/agents/:id/archive") { api, request in try await api.archiveAgent(request) },
    Route("GET", "/v1/agents/:id/versions") { api, request in try await api.listVersions(request) },
    Route("GET", "/v1/environments") { api, request in try await api.listEnvironments(request) },
    Route("POST", "/v1/environments", creates: true) { api, request in
      try await api.createEnvironment(request)
    },
    Route("GET", "/v1/environments/:id") { api, request in try await api.showEnvironment(request) },
    Route("POST", "/v1/environments/:id") { api, request in try await api.updateEnvironment(request) },
    Route("DELETE", "/v1/environments/:id") { api, request in try await api.deleteEnvironment(request) },
    Route("POST", "/v1/environments/:id/archive") { api, request in
      try await api.archiveEnvironment(request)
    },

    // Sessions.
    Route("GET", "/v1/sessions") { api, request in try await api.listSessions(request) },
    Route("POST", "/v1/sessions", creates: true, body: .large) { api, request in
      try await api.createSession(request)
    },
    Route("GET", "/v1/sessions/:id") { api, request in try await api.showSession(request) },
    Route("POST", "/v1/sessions/:id", body: .large) { api, request in try await api.updateSession(request) },
    Route("DELETE", "/v1/sessions/:id") { api, request in try await api.deleteSession(request) },
    Route("POST", "/v1/sessions/:id/archive") { api, request in try await api.archiveSession(request) },
    Route("GET", "/v1/sessions/:id/events") { api, request in try await api.listEvents(request) },
    Route("POST", "/v1/sessions/:id/events", body: .large) { api, request in try await api.sendEvents(request)
    },
    Route("GET", "/v1/sessions/:id/events/stream") { api, request in try await api.streamEvents(request) },
    Route("GET", "/v1/sessions/:id/resources") { api, request in try await api.listResources(request) },
    Route("POST", "/v1/sessions/:id/resources", creates: true) { api, request in
      try await api.addResource(request)
    },
    Route("GET", "/v1/sessions/:id/resources/:resource") { api, request in
      try await api.showResource(request)
    },
    Route("POST", "/v1/sessions/:id/resources/:resource") { api, request in
      try await api.updateResource(request)
    },
    Route("DELETE", "/v1/sessions/:id/resources/:resource") { api, request in
      try await api.removeResource(request)
    },
    Route("GET", "/v1/sessions/:id/threads") { api, request in try await api.listThreads(request) },
    Route("GET", "/v1/sessions/:id/threads/:thread") { api, request in try await api.showThread(request) },
    Route("POST", "/v1/sessions/:id/threads/:thread/archive") { api, request in
      try await api.archiveThread(request)
    },
    Route("GET", "/v1/sessions/:id/threads/:thread/events") { api, request in
      try await api.listEvents(request)
    },
    Route("GET", "/v1/sessions/:id/threads/:thread/stream") { api, request in
      try await api.streamEvents(request)
    },

    // Files.
    Route("GET", "/v1/files") { api, request in try await api.listFiles(request) },
    Route("POST", "/v1/files", creates: true, body: .upload) { api, request in
      try await api.uploadFile(request)
    },
    Route("GET", "/v1/files/:id") { api, request in try await api.showFile(request) },
    Route("DELETE", "/v1/files/:id") { api, request in try await api.deleteFile(request) },
    Route("GET", API.fileContent) { api, request in try await api.fileContent(request) }
      .openToLinks(),
  ]

  /// Where a file's content is; signed links lead there.
  package static let fileContent = "/v1/files/:id/content"

  /// What the wire knows and this server does not have, said by name.
  static let absences: [Absence] = [
    Absence("/v1/vaults", "This server has no vaults yet."),
    Absence("/v1/deployments", "This server has no deployments yet."),
    Absence("/v1/deployment_runs", "This server has no deployments yet."),
    Absence("/v1/memory_stores", "This server has no memory stores yet."),
    Absence("/v1/skills", "This server has no skills yet."),
    Absence("/v1/dreams", "This server has no dreams yet."),
    Absence("/v1/tunnels", "This server has no tunnels yet."),
    Absence("/v1/user_profiles", "This server has no user profiles yet."),
    // Workers show a key that only their environment could have given them.
    Absence(
      "/v1/environments/:id/work",
      "This server does not hand out work to workers of self-hosted environments yet: it runs the tools itself. Use "
        + "an environment of the type \"cloud\", and stop the worker.", isSaidToStrangers: true),
  ]

  /// The addresses that the service whose API this is takes for beta: a client that names a version must name the
  /// beta too, for programs that work here have to work there.
  static let betaAddresses = [
    "/v1/agents", "/v1/environments", "/v1/sessions", "/v1/deployments", "/v1/deployment_runs", "/v1/vaults",
  ]
}
