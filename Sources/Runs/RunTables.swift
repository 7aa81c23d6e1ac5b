package import Store

extension Runs {
  package static let migrations = [
    Migration(
      id: "runs-0001",
      sql: """
        CREATE TABLE firings (
          id TEXT PRIMARY KEY,
          job_id TEXT NOT NULL,
          job_name TEXT NOT NULL,
          trigger_id TEXT NOT NULL,
          trigger_kind TEXT NOT NULL,
          nominal_at INTEGER,
          receipt_id TEXT,
          idempotency_key TEXT,
          decision TEXT,
          reason TEXT,
          run_id TEXT,
          created_at INTEGER NOT NULL,
          decided_at INTEGER
        );
        CREATE UNIQUE INDEX firings_by_time ON firings (job_id, trigger_id, nominal_at)
          WHERE nominal_at IS NOT NULL;
        CREATE UNIQUE INDEX firings_by_receipt ON firings (job_id, receipt_id) WHERE receipt_id IS NOT NULL;
        CREATE UNIQUE INDEX firings_by_key ON firings (job_id, idempotency_key)
          WHERE idempotency_key IS NOT NULL;
        CREATE INDEX firings_by_receipt_only ON firings (receipt_id) WHERE receipt_id IS NOT NULL;
        CREATE INDEX firings_by_job ON firings (job_name, id);
        CREATE INDEX firings_by_decision ON firings (decision, id);
        CREATE TABLE runs (
          id TEXT PRIMARY KEY,
          firing_id TEXT NOT NULL REFERENCES firings (id),
          job_id TEXT NOT NULL,
          job_name TEXT NOT NULL,
          state TEXT NOT NULL,
          reason TEXT,
          ending TEXT,
          ending_reason TEXT,
          snapshot TEXT NOT NULL,
          session_id TEXT NOT NULL,
          attempt INTEGER NOT NULL DEFAULT 1,
          result TEXT,
          remaining INTEGER NOT NULL,
          running_since INTEGER,
          created_at INTEGER NOT NULL,
          started_at INTEGER,
          ended_at INTEGER
        );
        CREATE INDEX runs_by_job ON runs (job_name, id);
        CREATE INDEX runs_by_state ON runs (state, id);
        CREATE TABLE attempts (
          run_id TEXT NOT NULL REFERENCES runs (id),
          number INTEGER NOT NULL,
          session_id TEXT NOT NULL UNIQUE,
          started_at INTEGER NOT NULL,
          ended_at INTEGER,
          reason TEXT,
          PRIMARY KEY (run_id, number)
        );
        """),
    // Nobody reads `tallies.failures` any more: schedules count them, see `schedule_counters`.
    Migration(
      id: "runs-0002",
      sql: """
        ALTER TABLE firings ADD COLUMN repeat_key TEXT;
        ALTER TABLE runs ADD COLUMN line TEXT;
        CREATE INDEX runs_open_by_line ON runs (job_id, line, id) WHERE line IS NOT NULL AND ended_at IS NULL;
        CREATE TABLE held (
          firing_id TEXT PRIMARY KEY REFERENCES firings (id),
          job_id TEXT NOT NULL,
          line TEXT NOT NULL,
          position INTEGER NOT NULL,
          rule TEXT NOT NULL,
          context TEXT NOT NULL,
          size INTEGER NOT NULL,
          ready_at INTEGER,
          expires_at INTEGER
        );
        CREATE UNIQUE INDEX held_by_line ON held (job_id, line, position);
        CREATE TABLE tallies (
          job_id TEXT NOT NULL,
          trigger_id TEXT NOT NULL,
          starts INTEGER NOT NULL DEFAULT 0,
          failures INTEGER NOT NULL DEFAULT 0,
          PRIMARY KEY (job_id, trigger_id)
        );
        CREATE TABLE last_results (
          job_id TEXT PRIMARY KEY,
          success_run TEXT,
          failure_run TEXT
        );
        """),
    // A time that was missed and is made up for has two rows: what was decided then, and the backfill.
    Migration(
      id: "runs-0003",
      sql: """
        DROP INDEX firings_by_time;
        CREATE UNIQUE INDEX firings_by_time_and_kind ON firings (job_id, trigger_id, nominal_at, trigger_kind)
          WHERE nominal_at IS NOT NULL;
        """),
    Migration(
      id: "runs-0004",
      sql: """
        ALTER TABLE firings ADD COLUMN actor TEXT;
        ALTER TABLE firings ADD COLUMN lane TEXT;
        """),
    // One index for both questions about a receipt. A run knows its session; an attempt has its row once it is over.
    Migration(
      id: "runs-0005",
      sql: """
        DROP INDEX firings_by_receipt;
        DROP INDEX firings_by_receipt_only;
        CREATE UNIQUE INDEX firings_by_receipt ON firings (receipt_id, job_id) WHERE receipt_id IS NOT NULL;
        CREATE UNIQUE INDEX runs_by_session ON runs (session_id);
        """),
    // Runs that began before this have everything in their snapshot.
    Migration(
      id: "runs-0006",
      sql: """
        CREATE TABLE terms (
          hash TEXT PRIMARY KEY,
          body TEXT NOT NULL
        );
        ALTER TABLE runs ADD COLUMN terms TEXT REFERENCES terms (hash);
        """),
    // A backfill that came to nothing stays on record and may be asked for again. `held.trigger_id` is the trigger
    // that a waiting firing belongs to now: another took the place of the one that fired it.
    Migration(
      id: "runs-0007",
      sql: """
        DROP INDEX firings_by_time_and_kind;
        CREATE UNIQUE INDEX firings_by_time ON firings (job_id, trigger_id, nominal_at)
          WHERE trigger_kind = 'schedule';
        CREATE UNIQUE INDEX firings_made_up ON firings (job_id, trigger_id, nominal_at)
          WHERE trigger_kind = 'backfill' AND (decision IS NULL OR decision IN ('started', 'joined'));
        CREATE INDEX firings_by_backfill ON firings (job_id, trigger_id, nominal_at, id)
          WHERE trigger_kind = 'backfill';
        ALTER TABLE held ADD COLUMN trigger_id TEXT;
        UPDATE held SET trigger_id = (SELECT trigger_id FROM firings WHERE id = held.firing_id);
        """),
    // From here on a request's key is kept with whose it is.
    Migration(
      id: "runs-0008-requests",
      sql: """
        ALTER TABLE firings ADD COLUMN request_fingerprint TEXT;
        CREATE INDEX firings_by_request ON firings (idempotency_key) WHERE idempotency_key IS NOT NULL;
        """),
    // When the present stretch of running began, by a clock that nobody sets: it counts from the machine's start.
    Migration(
      id: "runs-0008",
      sql: """
        ALTER TABLE runs ADD COLUMN elapsed_since INTEGER;
        ALTER TABLE runs ADD COLUMN boot TEXT;
        """),
    // Whether what waits makes up for a time that had passed: it makes room for what is on time.
    Migration(
      id: "runs-0009",
      sql: """
        ALTER TABLE held ADD COLUMN made_up INTEGER NOT NULL DEFAULT 0;
        UPDATE held SET made_up = 1 WHERE firing_id IN (SELECT id FROM firings WHERE trigger_kind = 'backfill');
        """),
  ]
}
