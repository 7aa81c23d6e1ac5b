package import Store

extension Sessions {
  /// The tables of this domain, oldest first. Never edited, only added to.
  package static let migrations = [
    Migration(
      id: "sessions-0001",
      sql: """
        CREATE TABLE sessions (
          id TEXT PRIMARY KEY,
          thread_id TEXT NOT NULL,
          status TEXT NOT NULL,
          turn_open INTEGER NOT NULL DEFAULT 0,
          stop_reason TEXT,
          blocked TEXT NOT NULL DEFAULT '[]',
          agent TEXT NOT NULL,
          environment_id TEXT,
          environment TEXT NOT NULL,
          title TEXT,
          metadata TEXT NOT NULL,
          resources TEXT NOT NULL,
          checks TEXT NOT NULL,
          outcomes TEXT NOT NULL DEFAULT '[]',
          rehearsal TEXT,
          slot_name TEXT,
          slot_limit INTEGER,
          closing TEXT,
          node TEXT,
          workspace TEXT NOT NULL DEFAULT 'none',
          input_tokens INTEGER NOT NULL DEFAULT 0,
          output_tokens INTEGER NOT NULL DEFAULT 0,
          cache_creation_tokens INTEGER NOT NULL DEFAULT 0,
          cache_read_tokens INTEGER NOT NULL DEFAULT 0,
          active INTEGER NOT NULL DEFAULT 0,
          running_since INTEGER,
          last_position INTEGER NOT NULL DEFAULT 0,
          last_arrival INTEGER NOT NULL DEFAULT 0,
          revision INTEGER NOT NULL DEFAULT 0,
          created_at INTEGER NOT NULL,
          updated_at INTEGER NOT NULL,
          archived_at INTEGER
        );
        CREATE INDEX sessions_by_workspace ON sessions (workspace) WHERE workspace <> 'none';
        CREATE TABLE events (
          id TEXT PRIMARY KEY,
          session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
          type TEXT NOT NULL,
          body TEXT NOT NULL,
          hidden TEXT,
          position INTEGER,
          arrival INTEGER,
          revision INTEGER NOT NULL,
          processed_at INTEGER,
          idempotency_key TEXT,
          idempotency_place INTEGER
        );
        CREATE UNIQUE INDEX events_by_position ON events (session_id, position) WHERE position IS NOT NULL;
        CREATE UNIQUE INDEX events_unread ON events (session_id, arrival) WHERE position IS NULL;
        CREATE UNIQUE INDEX events_by_revision ON events (session_id, revision);
        CREATE UNIQUE INDEX events_by_key ON events (session_id, idempotency_key, idempotency_place)
          WHERE idempotency_key IS NOT NULL;
        """),
    Migration(
      id: "sessions-0002",
      sql: """
        ALTER TABLE sessions ADD COLUMN agent_id TEXT;
        ALTER TABLE sessions ADD COLUMN agent_version INTEGER;
        ALTER TABLE events ADD COLUMN batch INTEGER;
        CREATE INDEX sessions_by_agent ON sessions (agent_id, id);
        CREATE INDEX events_by_type ON events (session_id, type);
        """),
    Migration(
      id: "sessions-0003",
      sql: """
        DROP INDEX events_by_type;
        CREATE INDEX events_by_type ON events (session_id, type, position);
        """),
    Migration(
      id: "sessions-0004",
      sql: """
        ALTER TABLE events ADD COLUMN answers TEXT;
        UPDATE events SET answers = COALESCE(
          json_extract(body, '$.tool_use_id'), json_extract(body, '$.custom_tool_use_id'))
        WHERE type IN (
          'agent.tool_result', 'user.tool_confirmation', 'user.custom_tool_result', 'user.tool_result');
        CREATE INDEX events_by_answer ON events (answers) WHERE answers IS NOT NULL;
        ALTER TABLE sessions ADD COLUMN web_searches INTEGER NOT NULL DEFAULT 0;
        """),
    Migration(
      id: "sessions-0005",
      sql: """
        DROP INDEX events_by_type;
        CREATE INDEX events_by_type ON events (session_id, type, revision);
        UPDATE events SET
          hidden = json_set(COALESCE(hidden, '{}'), '$.flushed', json_extract(body, '$.flushed')),
          body = json_remove(body, '$.flushed')
        WHERE json_extract(body, '$.flushed') IS NOT NULL;
        """),
    Migration(
      id: "sessions-0006",
      sql: """
        ALTER TABLE sessions ADD COLUMN terminated_at INTEGER;
        UPDATE sessions SET terminated_at = COALESCE(
          (SELECT MIN(processed_at) FROM events
            WHERE session_id = sessions.id AND type = 'session.status_terminated' AND position IS NOT NULL),
          updated_at)
        WHERE status = 'terminated';
        """),
    // When the open turn began, by a clock that nobody sets: it counts from the machine's start.
    Migration(
      id: "sessions-0007",
      sql: """
        ALTER TABLE sessions ADD COLUMN elapsed_since INTEGER;
        ALTER TABLE sessions ADD COLUMN boot TEXT;
        """),
  ]
}
