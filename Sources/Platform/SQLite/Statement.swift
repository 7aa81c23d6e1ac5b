internal import CSQLite

/// A prepared statement of one connection, kept for the next use.
///
/// It is reset after every use: a statement left in the middle holds its snapshot of the file, and the
/// write-ahead log could then never shrink.
final class Statement {
  private let handle: OpaquePointer
  private let connection: OpaquePointer
  let sql: String
  /// For each parameter of SQLite, in its order, the index into the values given.
  private let order: [Int]
  private let count: Int
  /// Where each column is, and how often SQLite had compiled the statement when that was read.
  private var columns: (compiled: Int32, index: Columns)?

  init(_ sql: String, on connection: OpaquePointer) throws(SQLiteError) {
    var handle: OpaquePointer?
    var rest = 0
    let text = Array(sql.utf8CString)
    let code = text.withUnsafeBufferPointer { buffer in
      var tail: UnsafePointer<CChar>?
      let code = sqlite3_prepare_v3(
        connection, buffer.baseAddress, Int32(buffer.count), UInt32(SQLITE_PREPARE_PERSISTENT), &handle, &tail
      )
      if let tail, let start = buffer.baseAddress { rest = tail - start }
      return code
    }
    guard code == SQLITE_OK else { throw SQLiteError(of: connection, sql: sql) }
    guard let handle else {
      throw SQLiteError(code: SQLITE_MISUSE, message: "the statement is empty", sql: sql)
    }
    func refuse(_ message: String) -> SQLiteError {
      sqlite3_finalize(handle)
      return SQLiteError(code: SQLITE_MISUSE, message: message, sql: sql)
    }
    let blank: Set<CChar> = [0, 0x20, 0x0A, 0x0D, 0x09, 0x3B]
    guard text.dropFirst(rest).allSatisfy(blank.contains) else {
      throw refuse("this is more than one statement")
    }
    // SQLite takes `$1` for a name, and numbers names by their first appearance.
    var order: [Int] = []
    for position in 0..<sqlite3_bind_parameter_count(handle) {
      guard let name = sqlite3_bind_parameter_name(handle, position + 1).map({ String(cString: $0) }),
        name.first == "$", let number = Int(name.dropFirst()), number >= 1
      else { throw refuse("parameters are written $1, $2 and so on") }
      order.append(number - 1)
    }
    self.handle = handle
    self.connection = connection
    self.sql = sql
    self.order = order
    count = (order.max() ?? -1) + 1
  }

  deinit { sqlite3_finalize(handle) }

  /// Runs the statement to its end and returns its rows.
  func run(_ values: [SQLiteValue]) throws(SQLiteError) -> Rows {
    defer {
      sqlite3_reset(handle)
      sqlite3_clear_bindings(handle)
    }
    try bind(values)
    var rows: [[SQLiteValue]] = []
    while true {
      switch sqlite3_step(handle) {
      case SQLITE_ROW: rows.append((0..<sqlite3_column_count(handle)).map(value))
      case SQLITE_DONE: return Rows(columns: names(), rows: rows)
      default: throw SQLiteError(of: connection, sql: sql)
      }
    }
  }

  private func bind(_ values: [SQLiteValue]) throws(SQLiteError) {
    guard values.count == count else {
      throw SQLiteError(
        code: SQLITE_MISUSE, message: "it takes \(count) values and \(values.count) were given", sql: sql)
    }
    for (position, index) in order.enumerated() {
      let slot = Int32(position + 1)
      let code =
        switch values[index] {
        case .null: sqlite3_bind_null(handle, slot)
        case .integer(let number): sqlite3_bind_int64(handle, slot, number)
        case .real(let number): sqlite3_bind_double(handle, slot, number)
        case .text(var text):
          // Never a null pointer, also for empty text: the buffer ends in a zero byte.
          text.withUTF8 { utf8 in
            utf8.withMemoryRebound(to: CChar.self) {
              csqlite_bind_text(handle, slot, $0.baseAddress ?? Statement.nothing, UInt64($0.count))
            }
          }
        case .blob(let bytes):
          bytes.withUnsafeBytes {
            csqlite_bind_blob(
              handle, slot, $0.baseAddress ?? UnsafeRawPointer(Statement.nothing), UInt64($0.count))
          }
        }
      guard code == SQLITE_OK else { throw SQLiteError(of: connection, sql: sql) }
    }
  }

  private func value(_ column: Int32) -> SQLiteValue {
    switch sqlite3_column_type(handle, column) {
    case SQLITE_INTEGER: return .integer(sqlite3_column_int64(handle, column))
    case SQLITE_FLOAT: return .real(sqlite3_column_double(handle, column))
    case SQLITE_TEXT:
      // The text first: asking for it may convert, and only then is the count right.
      let text = sqlite3_column_text(handle, column)
      let bytes = UnsafeBufferPointer(start: text, count: Int(sqlite3_column_bytes(handle, column)))
      return .text(String(decoding: bytes, as: UTF8.self))
    case SQLITE_BLOB:
      let blob = sqlite3_column_blob(handle, column)
      let bytes = UnsafeRawBufferPointer(start: blob, count: Int(sqlite3_column_bytes(handle, column)))
      return .blob(Array(bytes))
    default: return .null
    }
  }

  private func names() -> Columns {
    // A changed schema makes SQLite compile anew, and `*` may then mean other columns.
    let compiled = sqlite3_stmt_status(handle, SQLITE_STMTSTATUS_REPREPARE, 0)
    if let columns, columns.compiled == compiled { return columns.index }
    let names = (0..<sqlite3_column_count(handle)).map { String(cString: sqlite3_column_name(handle, $0)) }
    let index = Columns(names)
    columns = (compiled, index)
    return index
  }

  /// One byte that lives for ever: a null pointer would be bound as NULL.
  private nonisolated(unsafe) static let nothing: UnsafePointer<CChar> = {
    // Safe to share: written here once, and only its address is used.
    let byte = UnsafeMutablePointer<CChar>.allocate(capacity: 1)
    byte.initialize(to: 0)
    return UnsafePointer(byte)
  }()
}

extension SQLiteError {
  /// The last error of a connection.
  init(of connection: OpaquePointer, sql: String? = nil) {
    self.init(
      code: sqlite3_extended_errcode(connection), message: String(cString: sqlite3_errmsg(connection)),
      sql: sql)
  }
}
