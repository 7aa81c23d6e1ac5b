package import JSON
package import Store

// What sessions make, and what of it clients deleted.
extension Files {
  /// Something that was taken out of a session's sandbox.
  package struct Collected: Sendable, Equatable {
    package var name: String
    package var content: Content
    /// Nil leaves it to the name's ending.
    package var mimeType: String?
    package var metadata: JSON?

    package init(name: String, content: Content, mimeType: String? = nil, metadata: JSON? = nil) {
      self.name = name
      self.content = content
      self.mimeType = mimeType
      self.metadata = metadata
    }
  }

  /// Brings a session's files to what was collected: new ones are added, changed ones replaced, and those
  /// that the agent removed go. What a client deleted stays away until the agent changes it.
  package func replace(
    _ tx: Transaction, session: String, with collected: [Collected]
  ) throws -> [File] {
    let collected = Self.withoutDuplicates(collected)
    let before = Dictionary(
      uniqueKeysWithValues: try list(tx, session: session).map { (Array($0.filename.utf8), $0) })
    let new = Dictionary(
      uniqueKeysWithValues: collected.map { (Array($0.name.utf8), $0.content.sha256) })
    var deleted = try deletedDeliverables(tx, session)
    for (name, sha256) in deleted where new[name] != sha256 {
      try tx.run(
        "DELETE FROM deleted_deliverables WHERE session_id = $1 AND filename = $2", session,
        String(decoding: name, as: UTF8.self))
      deleted[name] = nil
    }
    for (name, file) in before where new[name] == nil {
      try tx.run("DELETE FROM files WHERE id = $1", file.id)
    }
    return try collected.compactMap { new in
      let name = Array(new.name.utf8)
      if deleted[name] != nil { return nil }
      if let file = before[name] {
        if file.content == new.content && file.metadata == new.metadata { return file }
        try tx.run("DELETE FROM files WHERE id = $1", file.id)
      }
      return try add(
        tx, new.content, named: new.name, mimeType: new.mimeType, session: session, metadata: new.metadata)
    }
  }

  /// A name that is not taken: a number goes before it until it is free.
  package static func freeName(_ name: String, besides taken: Set<String>) -> String {
    var free = name
    var number = 1
    while taken.contains(free) {
      number += 1
      free = "\(number)-\(name)"
    }
    return free
  }

  /// Names are told apart by their bytes, as the disk and the database do; a text equals another one that only
  /// writes its accents differently.
  private static func withoutDuplicates(_ collected: [Collected]) -> [Collected] {
    var bytes: Set<[UInt8]> = []
    var names = Set(collected.map(\.name))
    return collected.map { file in
      var file = file
      if !bytes.insert(Array(file.name.utf8)).inserted {
        file.name = freeName(file.name, besides: names)
        names.insert(file.name)
        bytes.insert(Array(file.name.utf8))
      }
      return file
    }
  }

  /// The contents of a session's deliverables that clients deleted, by the bytes of their names.
  private func deletedDeliverables(_ tx: Transaction, _ session: String) throws -> [[UInt8]: String] {
    Dictionary(
      uniqueKeysWithValues: try tx.rows(
        "SELECT filename, sha256 FROM deleted_deliverables WHERE session_id = $1", session
      ).map { row in
        let name: String = try row["filename"]
        return (Array(name.utf8), try row["sha256"])
      })
  }
}
