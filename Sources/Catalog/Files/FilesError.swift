import FileSystem
import Glibc
package import Primitives

/// What can go wrong with stored files.
package enum FilesError: Error, Equatable, CustomStringConvertible {
  case notFound(id: String)
  case expired(id: String, at: Timestamp)
  /// An upload: only what sessions made can be downloaded.
  case notDownloadable(id: String)
  case tooLarge(size: Int64, limit: Int64)
  /// Something that is not ours has the name.
  case taken(path: String)
  /// What lies on the disk is not what was stored: its hash is another.
  case damaged(path: String, found: String)
  /// In the place of a content stands a pipe, a folder or the like.
  case noPlainFile(path: String)
  /// The system refused a read or write.
  case system(path: String, errno: Int32)

  package var description: String {
    switch self {
    case .notFound(let id): "There is no file \(id)."
    case .expired(let id, let time): "The file \(id) expired at \(time). Upload it again."
    case .notDownloadable(let id):
      "The file \(id) was uploaded, so it cannot be downloaded: only files that sessions made can be."
    case .tooLarge(let size, let limit):
      "The file has \(size) bytes; at most \(limit) can be handled here."
    case .taken(let path):
      "\(path) is there already, and something else made it. Move it away; nothing of it was touched."
    case .damaged(let path, let found):
      "\(path) is not what was stored: its SHA-256 is \(found). A disk error, or somebody changed it. It is given to "
        + "nobody; put it back from a backup, or upload the file again."
    case .noPlainFile(let path):
      "\(path) is no plain file any more: somebody put something else in its place. It is given to nobody; put it back "
        + "from a backup, or upload the file again."
    case .system(let path, ENOSPC):
      "The disk that holds \(path) is full. Free some space; nothing that was accepted is lost."
    case .system(let path, let errno): "\(path): \(String(cString: strerror(errno)))."
    }
  }

  static func check(_ holds: Bool, _ path: String) throws(FilesError) {
    if !holds { throw .system(path: path, errno: errno) }
  }

  static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32, _ path: String) throws(FilesError) {
    do throws(FileFault) {
      try FileBytes.write(bytes, to: descriptor)
    } catch {
      throw .system(path: path, errno: error.errno)
    }
  }

  /// Fewer bytes than asked for may come; none at the end of the file.
  static func read(_ descriptor: Int32, upTo limit: Int, _ path: String) throws(FilesError) -> [UInt8] {
    do throws(FileFault) {
      return try FileBytes.piece(descriptor, upTo: limit)
    } catch {
      throw .system(path: path, errno: error.errno)
    }
  }

  static func readAll(_ descriptor: Int32, _ path: String) throws(FilesError) -> [UInt8] {
    do throws(FileFault) {
      return try FileBytes.all(descriptor)
    } catch {
      throw .system(path: path, errno: error.errno)
    }
  }
}

extension FilesError: OperatorError {
  package var toldToClients: String {
    switch self {
    case .damaged, .noPlainFile:
      "The file's content on the server's disk is not what was stored, so it is not given out. \(Self.whoKnows)"
    case .system(_, ENOSPC): "The server's disk is full; nothing that was accepted is lost. \(Self.whoKnows)"
    case .system(_, let errno):
      "The server's disk refused a file: \(String(cString: strerror(errno))). \(Self.whoKnows)"
    case .taken: "Something else has a name that the server needs. \(Self.whoKnows)"
    case .notFound, .expired, .notDownloadable, .tooLarge: description
    }
  }
}
