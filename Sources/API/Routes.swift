import HTTPServer
import JSON

// Every address that Errand answers, on one page.
extension API {
  static let routes: [Route] = [
    Route("GET", "/healthz", .open) { api, _ in try await api.health() },
    Route("POST", "/hooks/:source", .open) { api, request in try await api.receiveHook(request) },

    // Errand's own resources.
    Route("GET", "/v1/jobs") { api, request in try await api.listJobs(request) },
    Route("GET", "/v1/jobs/:name") { api, request in try await api.showJob(request) },
    Route("POST", "/v1/jobs") { api, request in try await api.applyJobs(request) },
    Route("GET", "/v1/schedules") { api, request in try await api.listSchedules(request) },
    Route("GET", "/v1/schedules/:id") { api, request in try await api.showSchedule(request) },
    Route("POST", "/v1/schedules/:id/pause") { api, request in try await api.pauseSchedule(request) },
    Route("POST", "/v1/schedules/:id/unpause") { api, request in try await api.unpauseSchedule(request) },
    Route("POST", "/v1/schedules/:id/skip") { api, request in try await api.skipSchedule(request) },
    Route("POST", "/v1/schedules/:id/backfill") { api, request in try await api.backfillSchedule(request) },
    Route("POST", "/v1/runs") { api, request in try await api.startRun(request) },
    Route("GET", "/v1/runs") { api, request in try await api.listRuns(request) },
    Route("GET", "/v1/runs/:id") { api, request in try await api.showRun(request) },
    Route("POST", "/v1/runs/:id/cancel") { api, request in try await api.cancelRun(request) },
    Route("GET", "/v1/firings") { api, request in try await api.listFirings(request) },
    Route("GET", "/v1/deliveries") { api, request in try await api.listDeliveries(request) },
    Route("GET", "/v1/deliveries/:id") { api, request in try await api.showDelivery(request) },
    Route("POST", "/v1/deliveries/:id/retry") { api, request in try await api.retryDelivery(request) },

    // The wire API.
    Route("GET", "/v1/sessions/:id") { api, request in try await api.showSession(request) },
    Route("GET", "/v1/sessions/:id/events") { api, request in try await api.listEvents(request) },
    Route("POST", "/v1/sessions/:id/events") { api, request in try await api.sendEvents(request) },
    Route("GET", "/v1/sessions/:id/events/stream") { api, request in try await api.streamEvents(request) },
    Route("GET", "/v1/files") { api, request in try await api.listFiles(request) },
    Route("GET", "/v1/files/:id") { api, request in try await api.showFile(request) },
    Route("GET", "/v1/files/:id/content", .link) { api, request in try await api.fileContent(request) },
  ]
}
