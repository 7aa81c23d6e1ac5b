// What the importer cannot carry over: casts in macros (`SQLITE_TRANSIENT`) and variadic functions.
#include <sqlite3.h>

/// Binds a copy of `count` bytes of UTF-8. `text` must not be null, or NULL is stored.
static inline int csqlite_bind_text(sqlite3_stmt *statement, int index, const char *text, sqlite3_uint64 count) {
  return sqlite3_bind_text64(statement, index, text, count, SQLITE_TRANSIENT, SQLITE_UTF8);
}

/// Binds a copy of `count` bytes. `bytes` must not be null, or NULL is stored.
static inline int csqlite_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, sqlite3_uint64 count) {
  return sqlite3_bind_blob64(statement, index, bytes, count, SQLITE_TRANSIENT);
}

/// Makes "x" in double quotes a name only, never a string: a misspelt column is then an error.
static inline int csqlite_refuse_quoted_strings(sqlite3 *handle) {
  int failure = sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DML, 0, (int *)0);
  if (failure) return failure;
  return sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DDL, 0, (int *)0);
}

/// Settings of the process, before its first connection, or they have no effect. No counts of the memory in use,
/// which take a lock at every allocation; and what a savepoint would restore stays in memory.
static inline int csqlite_configure(void) {
  int failure = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  if (failure) return failure;
  return sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, -1);
}

// Extended codes are sums in macros, which the importer leaves out.
static const int csqlite_constraint_unique = SQLITE_CONSTRAINT_UNIQUE;
static const int csqlite_constraint_primary_key = SQLITE_CONSTRAINT_PRIMARYKEY;
static const int csqlite_constraint_rowid = SQLITE_CONSTRAINT_ROWID;
static const int csqlite_constraint_foreign_key = SQLITE_CONSTRAINT_FOREIGNKEY;
