import FileSystem
import Glibc
import Processes

/// A file that `git bundle create` made (gitformat-bundle(5)), read without git: who made it is not trusted.
package struct BundleFile: Sendable, Equatable {
  package let path: String
  /// Commits that it builds on and does not hold.
  package let prerequisites: [CommitID]
  /// What it holds, in its own order.
  package let heads: [Head]
  /// Where its pack begins, in bytes.
  private let start: Int

  package struct Head: Sendable, Equatable {
    package var commit: CommitID
    /// `HEAD` or `refs/heads/…`.
    package var ref: String

    /// Nil for what is no branch, or one with a name that we do not take.
    package var branch: BranchName? {
      ref.hasPrefix("refs/heads/") ? try? BranchName(String(ref.dropFirst(11))) : nil
    }
  }

  /// Longer heads than any honest bundle has are not read.
  private static let headLimit = 1 << 20

  /// What it is at: its `HEAD`, or the first branch when HEAD itself has nothing new.
  package var head: Head? { heads.first { $0.ref == "HEAD" } ?? heads.first { $0.branch != nil } }

  /// The branch that its head is on, if it is on one.
  package var branch: BranchName? {
    head.flatMap { head in head.branch ?? heads.first { $0.commit == head.commit && $0.branch != nil }?.branch
    }
  }

  /// - Throws: `GitError.malformed`.
  package init(_ path: String) throws {
    let file = try Descriptor.open(path, O_RDONLY)
    let beginning: [UInt8]
    do throws(FileFault) {
      beginning = try FileBytes.beginning(file.number, upTo: Self.headLimit)
    } catch {
      throw GitError.failed(detail: "the bundle \(path) cannot be read: \(error)")
    }
    try self.init(path: path, beginning: beginning[...])
  }

  init(path: String, beginning bytes: ArraySlice<UInt8>) throws {
    self.path = path
    var prerequisites: [CommitID] = []
    var heads: [Head] = []
    var lines = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 4096, omittingEmptySubsequences: false)[
      ...]
    guard lines.popFirst().map({ String(decoding: $0, as: UTF8.self) }) == "# v2 git bundle" else {
      throw GitError.malformed(detail: "the file is no git bundle of version 2")
    }
    while let line = lines.popFirst() {
      if line.isEmpty {
        start = line.endIndex + 1
        guard start <= bytes.endIndex else { break }
        (self.prerequisites, self.heads) = (prerequisites, heads)
        return
      }
      let text = String(decoding: line, as: UTF8.self)
      if text.hasPrefix("-"), let commit = CommitID(text.dropFirst().prefix { $0 != " " }) {
        prerequisites.append(commit)
      } else if let space = text.firstIndex(of: " "), let commit = CommitID(text[..<space]) {
        heads.append(Head(commit: commit, ref: String(text[text.index(after: space)...])))
      } else {
        throw GitError.malformed(detail: "the bundle's list of branches cannot be read")
      }
    }
    throw GitError.malformed(detail: "the bundle's list of branches has no end")
  }

  /// Its pack, for reading.
  func pack() throws -> Descriptor {
    let file = try Descriptor.open(path, O_RDONLY)
    lseek(file.number, off_t(start), SEEK_SET)
    return file
  }
}
