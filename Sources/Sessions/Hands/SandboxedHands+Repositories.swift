import Catalog
import FileSystem
import Git
import Glibc
import JSON
import Primitives
import Processes
package import Sessions

extension SandboxedHands {
  package func mount(_ wanted: [RepositoryMount]) async throws -> [RepositoryTrouble] {
    guard !wanted.isEmpty else { return [] }
    guard let repositories = settings.repositories else {
      return wanted.map {
        Repositories.trouble(GitError.failed(detail: "this server clones no repositories"), $0)
      }
    }
    // The workspace and its record are there once there is a sandbox.
    _ = try await place("/workspace")
    return try await mountTurn.pass {
      let record = MountRecord(workspace: workspace)
      var mounted = record.read()
      var troubles: [RepositoryTrouble] = []
      for mount in wanted where !mounted.contains(where: { $0.id == mount.id }) {
        do {
          mounted.append(try await repositories.mount(mount, at: self))
          try record.write(mounted)
          hasNewNotes()
        } catch let error as CancellationError {
          throw error
        } catch let error as HandsError {
          throw error
        } catch {
          troubles.append(Repositories.trouble(error, mount))
        }
      }
      return troubles
    }
  }

  /// The commits made in each clone, as bundles beside the outputs.
  /// - Parameter taken: names that are used already.
  func bundles(besides taken: Set<String>) async throws -> [OutputFile] {
    guard !workplace.repositories.isEmpty else { return [] }
    var taken = taken
    var files: [OutputFile] = []
    for repository in MountRecord(workspace: workspace).read() {
      let clone = SandboxClone(hands: self, path: repository.path)
      let name = Files.freeName(repository.bundleName, besides: taken)
      do {
        guard let bytes = try await clone.bundle(since: repository.base, limit: settings.limits.bundle) else {
          continue
        }
        files.append(try file(bytes, name, repository))
        taken.insert(name)
      } catch let error as CheckoutError {
        // What the agent made of its clone is its affair; whoever looks for the commits reads why.
        let text = "No commits were taken from \(repository.path). \(error)\n"
        let copy = try newCopy(Array(text.utf8))
        let path = Files.freeName("\(name).error.txt", besides: taken)
        files.append(OutputFile(path: path, size: Int64(text.utf8.count), copy: copy))
        taken.insert(path)
      }
    }
    return files
  }

  private func file(_ bytes: [UInt8], _ name: String, _ repository: MountedRepository) throws -> OutputFile {
    let copy = try newCopy(bytes)
    do {
      let bundle = try BundleFile(copy)
      guard let head = bundle.head else {
        throw CheckoutError(path: repository.path, detail: "its bundle has no commits")
      }
      let metadata: JSON = [
        "repository": .string(repository.url), "base_commit": .string(repository.base),
        "base_branch": repository.branch.map { .string($0) } ?? .null,
        "head_commit": .string(head.commit.text),
        "branch": bundle.branch.map { .string($0.text) } ?? .null,
      ]
      return OutputFile(
        path: name, size: Int64(bytes.count), copy: copy, mimeType: OutputFile.bundleType, metadata: metadata)
    } catch let error as GitError {
      unlink(copy)
      throw CheckoutError(path: repository.path, detail: "\(error)")
    } catch {
      unlink(copy)
      throw error
    }
  }

  private func newCopy(_ bytes: [UInt8]) throws -> String {
    try Workspace.makeFolder(workspace.collected, mode: 0o700)
    let name = "\(workspace.collected)/\(workspace.session)-\(Hex.encode(Randomness.system.bytes(12)))"
    let file = try Descriptor.open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
    do throws(FileFault) {
      try FileBytes.write(bytes, to: file.number)
    } catch {
      unlink(name)
      throw HandsError.disk(action: "write", path: name, errno: error.errno)
    }
    return name
  }
}
