import Catalog
import JSON
import Primitives
import Reading
import Sessions
import Store

/// What a session is to see, as a body asks for it.
enum ResourceBody {
  case file(id: String, mountPath: String?, path: FieldPath)
  case repository(RepositoryBody)

  static let uploads = "/mnt/session/uploads"

  /// Nil, with a note, when something is wrong with it.
  init?(_ value: JSON, at path: FieldPath, _ findings: Findings) {
    guard let kind = Fields(value, at: path, "a resource", keys: nil, findings) else { return nil }
    switch kind.choice("type", of: ["file", "github_repository", "memory_store"], required: true) {
    case "file":
      let keys = ["type", "file_id", "mount_path"]
      guard let file = Fields(value, at: path, "a file resource", keys: keys, findings),
        let id = file.text("file_id", required: true, length: 1...128)
      else { return nil }
      let mountPath = file.text("mount_path", length: 1...1024)
      if let mountPath, ResourceBody.mounted(mountPath) == nil {
        file.add(
          "mount_path",
          "Expected a path of a file below \(ResourceBody.uploads), without \"..\", found \(quoted(mountPath))."
        )
      }
      self = .file(id: id, mountPath: mountPath, path: path)
    case "github_repository":
      guard let repository = RepositoryBody(value, at: path, findings) else { return nil }
      self = .repository(repository)
    case "memory_store":
      kind.add("type", "This server has no memory stores yet. Leave it out.")
      return nil
    default: return nil
    }
  }

  /// A worker of the client has none of this server's files and clones.
  /// - Throws: `APIError.invalid` when there are any for a self-hosted environment.
  static func check(_ bodies: [ResourceBody], fit environment: JSON) throws {
    if !bodies.isEmpty, environment["type"] == "self_hosted" {
      throw APIError.invalid(
        "resources: Sessions in self_hosted environments take no files and repositories. Leave them out.")
    }
  }

  /// A given path is rooted under the uploads, whether it names them or not. Nil when it leads elsewhere.
  static func mounted(_ given: String) -> String? {
    let inside = given.hasPrefix(uploads + "/") ? given.dropFirst(uploads.count) : given[...]
    let parts = inside.split(separator: "/")
    let isPlain = parts.allSatisfy { part in
      part != "." && part != ".." && part.utf8.count <= 255
        && part.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }
    guard !parts.isEmpty, isPlain, !inside.hasSuffix("/") else { return nil }
    return uploads + "/" + parts.joined(separator: "/")
  }

  /// The resource object, with a copy of the file that is the session's own.
  /// - Throws: `CatalogError.invalid` when the file is not there.
  func resource(
    _ tx: Transaction, in session: String, _ files: Files, at now: Timestamp, _ randomness: Randomness
  ) throws -> JSON {
    switch self {
    case .repository(let repository): return repository.resource(at: now, randomness)
    case .file(let id, let mountPath, let path):
      let copy: File
      do {
        copy = try files.mount(tx, id, in: session)
      } catch let error as FilesError {
        switch error {
        case .notFound, .expired:
          throw CatalogError.invalid([Problem(path.key("file_id"), error.description)])
        default: throw error
        }
      }
      return [
        "id": .string(ID.make("sesrsc", at: now, randomness)), "type": "file", "file_id": .string(copy.id),
        "mount_path": .string(mountPath.flatMap(ResourceBody.mounted) ?? "\(ResourceBody.uploads)/\(id)"),
        "created_at": .string(now.description), "updated_at": .string(now.description),
        "sha256": .string(copy.content.sha256),
      ]
    }
  }

  /// All of a session's resources.
  /// - Throws: `CatalogError.invalid` when two are mounted at one place, or one inside the other.
  static func resources(
    _ tx: Transaction, _ bodies: [ResourceBody], in session: String, _ files: Files, at now: Timestamp,
    _ randomness: Randomness
  ) throws -> [JSON] {
    var places: [String] = []
    return try bodies.enumerated().map { index, body in
      let resource = try body.resource(tx, in: session, files, at: now, randomness)
      let place = resource["mount_path"]?.stringValue ?? ""
      if let taken = places.first(where: { MountPath.collide($0, place) }) {
        throw CatalogError.invalid([
          Problem(
            FieldPath([.key("resources"), .index(index), .key("mount_path")]),
            "Another resource is mounted at \(taken), so nothing else can be at \(place).")
        ])
      }
      places.append(place)
      return resource
    }
  }
}
