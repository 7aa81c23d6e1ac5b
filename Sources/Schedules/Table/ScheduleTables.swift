package import Store

extension Schedules {
  package static let migrations = [
    Migration(
      id: "schedules-0001",
      sql: """
        CREATE TABLE schedules (
          job_id TEXT NOT NULL,
          job_name TEXT NOT NULL,
          trigger_id TEXT NOT NULL,
          expression TEXT NOT NULL,
          timezone TEXT NOT NULL,
          cursor_at INTEGER NOT NULL,
          next_at INTEGER,
          PRIMARY KEY (job_id, trigger_id)
        );
        CREATE INDEX schedules_due ON schedules (next_at) WHERE next_at IS NOT NULL;
        """),
    // `spec` is null for schedules of the first form. `due_at` is when the timer has to look: the next nominal
    // time with its jitter; null while there is nothing to wait for. `version` counts the changes of a row.
    Migration(
      id: "schedules-0002",
      sql: """
        ALTER TABLE schedules ADD COLUMN spec TEXT;
        ALTER TABLE schedules ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE schedules ADD COLUMN due_at INTEGER;
        ALTER TABLE schedules ADD COLUMN paused_at INTEGER;
        ALTER TABLE schedules ADD COLUMN paused_by TEXT;
        ALTER TABLE schedules ADD COLUMN paused_reason TEXT;
        ALTER TABLE schedules ADD COLUMN starts INTEGER;
        ALTER TABLE schedules ADD COLUMN starts_left INTEGER;
        ALTER TABLE schedules ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE schedules ADD COLUMN pause_after INTEGER;
        ALTER TABLE schedules ADD COLUMN last_firing TEXT;
        ALTER TABLE schedules ADD COLUMN last_late INTEGER;
        ALTER TABLE schedules ADD COLUMN started INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE schedules ADD COLUMN late INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE schedules ADD COLUMN missed INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE schedules ADD COLUMN skipped INTEGER NOT NULL DEFAULT 0;
        UPDATE schedules SET due_at = next_at;
        DROP INDEX schedules_due;
        CREATE INDEX schedules_by_due ON schedules (due_at) WHERE due_at IS NOT NULL;
        CREATE INDEX schedules_by_name ON schedules (job_name, job_id, trigger_id);
        CREATE TABLE schedule_spans (
          id TEXT PRIMARY KEY,
          job_id TEXT NOT NULL,
          trigger_id TEXT NOT NULL,
          after_at INTEGER NOT NULL,
          until_at INTEGER,
          decision TEXT NOT NULL,
          reason TEXT NOT NULL,
          times INTEGER
        );
        CREATE INDEX schedule_spans_by_schedule ON schedule_spans (job_id, trigger_id, after_at);
        CREATE TABLE schedule_skips (
          job_id TEXT NOT NULL,
          trigger_id TEXT NOT NULL,
          nominal_at INTEGER NOT NULL,
          reason TEXT NOT NULL,
          PRIMARY KEY (job_id, trigger_id, nominal_at)
        );
        CREATE TABLE schedule_totals (
          name TEXT PRIMARY KEY,
          value INTEGER NOT NULL
        );
        INSERT INTO schedule_totals (name, value)
          VALUES ('started', 0), ('late', 0), ('missed', 0), ('skipped', 0);
        """),
    // `since_at` is null for schedules from before. `schedule_editions` has the texts that schedules had, each with
    // the moment of its end and the trigger's id of that time.
    Migration(
      id: "schedules-0003",
      sql: """
        CREATE INDEX schedule_skips_by_time ON schedule_skips (nominal_at);
        ALTER TABLE schedules ADD COLUMN since_at INTEGER;
        CREATE TABLE schedule_editions (
          job_id TEXT NOT NULL,
          trigger_id TEXT NOT NULL,
          of_trigger TEXT NOT NULL,
          until_at INTEGER NOT NULL,
          spec TEXT NOT NULL,
          PRIMARY KEY (job_id, trigger_id, until_at)
        );
        """),
    // `schedule_watches` has a row for each timer that runs, with the moment since when it has watched without a
    // gap. `schedule_deeds` is what people did to schedules, the newest hundred of each.
    Migration(
      id: "schedules-0004",
      sql: """
        CREATE TABLE schedule_watches (
          id TEXT PRIMARY KEY,
          since_at INTEGER NOT NULL
        );
        CREATE TABLE schedule_deeds (
          id TEXT PRIMARY KEY,
          job_id TEXT NOT NULL,
          trigger_id TEXT NOT NULL,
          kind TEXT NOT NULL,
          nominal_at INTEGER,
          done_at INTEGER NOT NULL,
          done_by TEXT NOT NULL,
          reason TEXT NOT NULL
        );
        CREATE INDEX schedule_deeds_by_schedule ON schedule_deeds (job_id, trigger_id, id);
        """),
    // What is counted has a row of its own, to which is added. The columns of the same names in `schedules` are
    // read by nobody any more.
    Migration(
      id: "schedules-0005",
      sql: """
        CREATE TABLE schedule_counters (
          job_id TEXT NOT NULL,
          trigger_id TEXT NOT NULL,
          started INTEGER NOT NULL DEFAULT 0,
          late INTEGER NOT NULL DEFAULT 0,
          missed INTEGER NOT NULL DEFAULT 0,
          skipped INTEGER NOT NULL DEFAULT 0,
          failures INTEGER NOT NULL DEFAULT 0,
          PRIMARY KEY (job_id, trigger_id)
        );
        INSERT INTO schedule_counters (job_id, trigger_id, started, late, missed, skipped, failures)
          SELECT job_id, trigger_id, started, late, missed, skipped, failures FROM schedules;
        """),
    // The schedules of archived jobs, as they were: a column that `schedules` gets, this gets too.
    Migration(
      id: "schedules-0006",
      sql: "CREATE TABLE schedules_resting AS SELECT * FROM schedules WHERE 1 = 0;"),
  ]
}
