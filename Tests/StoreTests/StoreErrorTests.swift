import SQLite
import Testing

@testable import Store

@Suite struct StoreErrorTests {
  @Test(
    arguments: [
      (13, "The disk that holds /d/a.db is full. Nothing was stored. Free some space; no restart is needed."),
      (
        8,
        "The database /d/a.db may only be read. Give this user write access to the file and its directory, "
          + "or mount the file system for writing."
      ),
      (
        1032,
        "The database /d/a.db may only be read. Give this user write access to the file and its directory, "
          + "or mount the file system for writing."
      ),
      (
        517,
        "Another program has kept the database /d/a.db locked for more than 2.0 s. Find it (fuser /d/a.db) and let "
          + "it finish, or end it."
      ),
      (26, "/d/a.db is not a database. Give another path, or move this file away and restore a backup."),
      (
        778,
        "The disk failed under the database /d/a.db: trouble. Check the system's log, then restore a backup if the "
          + "file is damaged."
      ),
      (
        14,
        "The database /d/a.db cannot be opened: trouble. Check that its directory exists and that this user may "
          + "write there."
      ),
      (19, "SQLite refused with code 19: trouble. Statement: SELECT 1"),
    ] as [(Int32, String)])
  func `a condition somebody can act on has its sentence`(code: Int32, sentence: String) {
    let error = SQLiteError(code: code, message: "trouble", sql: "SELECT\n  1")
    #expect(StoreError(error, path: "/d/a.db", patience: .seconds(2)).description == sentence)
  }

  @Test func `nothing was stored is said once`() {
    let full = StoreError.full(path: "/d/a.db").description
    #expect(StoreError.rolledBack(reason: full).description == full)
    #expect(
      StoreError.rolledBack(reason: "It broke.").description
        == "Nothing was stored, because the whole transaction was rolled back: It broke. Try again.")
  }

  @Test func `only what stored nothing may simply be tried again`() {
    #expect(StoreError.rolledBack(reason: "").isRetryable)
    #expect(StoreError.locked(path: "", patience: .zero).isRetryable)
    #expect(!StoreError.outcomeUnknown(reason: "").isRetryable)
    #expect(!StoreError.full(path: "").isRetryable)
  }

  @Test func `a taken key is told from other refusals`() {
    #expect(StoreError.statement(SQLiteError(code: 2067, message: "")).isUniqueViolation)
    #expect(!StoreError.statement(SQLiteError(code: 787, message: "")).isUniqueViolation)
    #expect(StoreError.statement(SQLiteError(code: 787, message: "")).isForeignKeyViolation)
    #expect(!StoreError.full(path: "").isUniqueViolation)
  }
}
