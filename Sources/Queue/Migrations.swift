package import Store

/// The tables of the queue.
package let queueMigrations = [
  Migration(
    id: "queue-0001",
    sql: """
      CREATE TABLE workers (
        id TEXT PRIMARY KEY,
        host TEXT NOT NULL,
        boot TEXT NOT NULL,
        started_at INTEGER NOT NULL,
        beat_at INTEGER NOT NULL,
        beats INTEGER NOT NULL DEFAULT 0 -- a number that grows is a sign of life on any clock
      ) STRICT;

      CREATE TABLE counters (
        name TEXT PRIMARY KEY,
        value INTEGER NOT NULL -- the last number given out; never set back
      ) STRICT;
      INSERT INTO counters (name, value) VALUES ('fence', 0), ('position', 0);

      CREATE TABLE items (
        kind TEXT NOT NULL,
        ref TEXT NOT NULL,
        due INTEGER NOT NULL,
        position INTEGER NOT NULL, -- order of arrival
        slot TEXT,
        slot_limit INTEGER,
        worker TEXT, -- holds the lease; NULL: free
        fence INTEGER NOT NULL DEFAULT 0,
        wake INTEGER NOT NULL DEFAULT 1,
        errors INTEGER NOT NULL DEFAULT 0,
        crashes INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (kind, ref),
        CHECK ((slot IS NULL) = (slot_limit IS NULL))
      ) STRICT;
      CREATE INDEX items_free ON items (kind, due, position) WHERE worker IS NULL AND slot IS NULL;
      CREATE INDEX items_waiting ON items (kind, slot, due, position)
        WHERE worker IS NULL AND slot IS NOT NULL;
      CREATE INDEX items_running ON items (slot) WHERE worker IS NOT NULL AND slot IS NOT NULL;
      CREATE INDEX items_leased ON items (worker) WHERE worker IS NOT NULL;
      """),
  // What is due first, whatever its slot.
  Migration(
    id: "queue-0002",
    sql: """
      CREATE INDEX items_by_due ON items (kind, due, position) WHERE worker IS NULL AND slot IS NOT NULL;
      """),
  // The rows within the primary key's tree: an item is one write less.
  Migration(
    id: "queue-0003",
    sql: """
      CREATE TABLE items_in_key (
        kind TEXT NOT NULL,
        ref TEXT NOT NULL,
        due INTEGER NOT NULL,
        position INTEGER NOT NULL,
        slot TEXT,
        slot_limit INTEGER,
        worker TEXT,
        fence INTEGER NOT NULL DEFAULT 0,
        wake INTEGER NOT NULL DEFAULT 1,
        errors INTEGER NOT NULL DEFAULT 0,
        crashes INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (kind, ref),
        CHECK ((slot IS NULL) = (slot_limit IS NULL))
      ) STRICT, WITHOUT ROWID;
      INSERT INTO items_in_key (kind, ref, due, position, slot, slot_limit, worker, fence, wake, errors, crashes)
        SELECT kind, ref, due, position, slot, slot_limit, worker, fence, wake, errors, crashes FROM items;
      DROP TABLE items;
      ALTER TABLE items_in_key RENAME TO items;
      CREATE INDEX items_free ON items (kind, due, position) WHERE worker IS NULL AND slot IS NULL;
      CREATE INDEX items_waiting ON items (kind, slot, due, position)
        WHERE worker IS NULL AND slot IS NOT NULL;
      CREATE INDEX items_by_due ON items (kind, due, position) WHERE worker IS NULL AND slot IS NOT NULL;
      CREATE INDEX items_running ON items (slot) WHERE worker IS NOT NULL AND slot IS NOT NULL;
      CREATE INDEX items_leased ON items (worker) WHERE worker IS NOT NULL;
      """),
]
