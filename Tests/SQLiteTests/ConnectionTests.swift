import Foundation
import SQLite
import Testing

@Suite struct ConnectionTests {
  let folder: Folder
  let connection: Connection

  init() throws {
    folder = try Folder()
    connection = try Connection(folder.file("a.db"), access: .write, patience: .milliseconds(50))
    try connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, x ANY, UNIQUE (x)) STRICT")
  }

  @Test(
    arguments: [
      .null, .integer(.min), .integer(.max), .real(-0.5), .text(""), .text("a\u{0}ü🙂"), .blob([]),
      .blob([0, 255]),
    ] as [SQLiteValue])
  func `a value comes back as it was stored`(value: SQLiteValue) throws {
    let rows = try connection.run("INSERT INTO t (x) VALUES ($1) RETURNING x, typeof(x) AS kind", [value])
    #expect(rows.rows.first?.first == value)
    #expect((rows.rows.first?.last == .text("null")) == (value == .null))
    #expect(rows.columns.names == ["x", "kind"])
    #expect(rows.columns.position(of: "kind") == 1)
  }

  @Test func `a new file can give back room by pieces, and an earlier one after its next VACUUM`() throws {
    #expect(try connection.run("PRAGMA auto_vacuum").rows == [[.integer(2)]])
    let earlier = folder.file("earlier.db")
    do {
      let made = try Connection(earlier, access: .write, patience: .milliseconds(50))
      // As files were made before.
      try made.execute("PRAGMA auto_vacuum = NONE; VACUUM; CREATE TABLE t (id INTEGER PRIMARY KEY)")
      #expect(try made.run("PRAGMA auto_vacuum").rows == [[.integer(0)]])
    }
    let opened = try Connection(earlier, access: .write, patience: .milliseconds(50))
    #expect(try opened.run("PRAGMA auto_vacuum").rows == [[.integer(0)]])
    try opened.execute("VACUUM")
    #expect(try opened.run("PRAGMA auto_vacuum").rows == [[.integer(2)]])
  }

  @Test func `parameters count by their number, not by where they stand`() throws {
    let rows = try connection.run("SELECT $2, $1, $2", [.integer(1), .integer(2)])
    #expect(rows.rows == [[.integer(2), .integer(1), .integer(2)]])
  }

  @Test(
    arguments: [
      ("SELECT $1", [], "it takes 1 values and 0 were given"),
      ("SELECT 1", [.null], "it takes 0 values and 1 were given"),
      ("SELECT 1; SELECT 2", [], "this is more than one statement"),
      ("SELECT ?", [.null], "parameters are written $1, $2 and so on"),
      ("SELECT $name", [.null], "parameters are written $1, $2 and so on"),
      (" -- nothing", [], "the statement is empty"),
      ("SELECT \"text\"", [], "no such column: text"),
      ("SELEKT 1", [], "near \"SELEKT\": syntax error"),
    ] as [(String, [SQLiteValue], String)])
  func `a wrong statement is refused with its text`(sql: String, values: [SQLiteValue], message: String)
    throws
  {
    let error = #expect(throws: SQLiteError.self) { try connection.run(sql, values) }
    #expect(error?.message == message)
    #expect(error?.sql == sql)
  }

  @Test func `a constraint is told from other errors`() throws {
    try connection.execute("INSERT INTO t (id, x) VALUES (1, 'a')")
    for sql in ["INSERT INTO t (id) VALUES (1)", "INSERT INTO t (x) VALUES ('a')"] {
      let error = #expect(throws: SQLiteError.self) { try connection.run(sql) }
      #expect(error?.isUniqueViolation == true)
      #expect(error?.isForeignKeyViolation == false)
      #expect(error?.condition == .constraint)
    }
    try connection.execute("CREATE TABLE child (id INTEGER PRIMARY KEY, t INTEGER REFERENCES t (id)) STRICT")
    let error = #expect(throws: SQLiteError.self) { try connection.run("INSERT INTO child (t) VALUES (9)") }
    #expect(error?.isForeignKeyViolation == true)
    #expect(
      error?.description
        == "SQLite refused with code 787: FOREIGN KEY constraint failed. Statement: INSERT INTO child (t) VALUES (9)"
    )
  }

  @Test func `a statement that failed can be used again`() throws {
    let sql = "INSERT INTO t (x) VALUES ($1)"
    _ = try connection.run(sql, [.integer(1)])
    #expect(throws: SQLiteError.self) { try connection.run(sql, [.integer(1)]) }
    _ = try connection.run(sql, [.integer(2)])
    #expect(connection.changes == 1)
    #expect(try connection.run("SELECT COUNT(*) FROM t").rows == [[.integer(2)]])
  }

  @Test func `a finished read holds no snapshot back`() throws {
    let reader = try Connection(folder.file("a.db"), access: .read, patience: .zero)
    try connection.execute("INSERT INTO t (x) VALUES (1), (2), (3)")
    #expect(try reader.run("SELECT x FROM t LIMIT 1").rows.count == 1)
    try connection.execute("INSERT INTO t (x) VALUES (4)")
    let checkpoint = try connection.run("PRAGMA wal_checkpoint(TRUNCATE)")
    #expect(checkpoint.rows.first?.first == .integer(0))
  }

  @Test func `columns follow a schema that changes`() throws {
    #expect(try connection.run("SELECT * FROM t").columns.names == ["id", "x"])
    try connection.execute("ALTER TABLE t ADD COLUMN y TEXT")
    #expect(try connection.run("SELECT * FROM t").columns.names == ["id", "x", "y"])
  }

  @Test func `a connection that reads cannot write`() throws {
    let reader = try Connection(folder.file("a.db"), access: .read, patience: .zero)
    let error = #expect(throws: SQLiteError.self) { try reader.run("INSERT INTO t (x) VALUES (1)") }
    #expect(error?.condition == .readOnly)
  }

  @Test func `a file that is no database and one that is missing are told apart`() throws {
    try Data("this is certainly not a database file".utf8).write(to: URL(filePath: folder.file("b.db")))
    let noDatabase = #expect(throws: SQLiteError.self) {
      try Connection(folder.file("b.db"), access: .write, patience: .zero)
    }
    #expect(noDatabase?.condition == .notADatabase)
    let missing = #expect(throws: SQLiteError.self) {
      try Connection(folder.file("no/c.db"), access: .write, patience: .zero)
    }
    #expect(missing?.condition == .cannotOpen)
  }

  @Test func `a commit waits for the disk, and the log is a write-ahead log`() throws {
    #expect(try connection.run("PRAGMA synchronous").rows == [[.integer(2)]])
    #expect(try connection.run("PRAGMA journal_mode").rows == [[.text("wal")]])
    #expect(try connection.run("PRAGMA foreign_keys").rows == [[.integer(1)]])
  }

  @Test func `another's lock is waited for and then reported`() throws {
    let other = try Connection(folder.file("a.db"), access: .write, patience: .milliseconds(20))
    try connection.execute("BEGIN IMMEDIATE")
    #expect(connection.isInTransaction)
    let error = #expect(throws: SQLiteError.self) { try other.execute("BEGIN IMMEDIATE") }
    #expect(error?.condition == .busy)
    try connection.execute("ROLLBACK")
    try other.execute("BEGIN IMMEDIATE; ROLLBACK")
  }

  @Test func `a copy is made of what is committed`() throws {
    try connection.execute(
      "INSERT INTO t (x) VALUES ('kept'); BEGIN IMMEDIATE; INSERT INTO t (x) VALUES ('open')")
    let source = try Connection(folder.file("a.db"), access: .read, patience: .zero)
    try source.backup(to: folder.file("copy.db"))
    try connection.execute("COMMIT")
    let copy = try Connection(folder.file("copy.db"), access: .write, patience: .zero)
    #expect(try copy.run("SELECT x FROM t").rows == [[.text("kept")]])
    #expect(try copy.run("PRAGMA integrity_check").rows == [[.text("ok")]])
  }
}
