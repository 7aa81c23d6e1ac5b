import Foundation
import Glibc
import TestSupport
import Testing

@testable import FileSystem

@Suite struct FolderListTests {
  @Test func `a folder's names come without those of itself and its parent`() throws {
    let folder = try TemporaryFolder()
    for name in ["b", ".a", "ü"] { try Data().write(to: URL(fileURLWithPath: "\(folder.path)/\(name)")) }
    mkdir("\(folder.path)/inner", 0o700)
    #expect(try FolderList.names(in: folder.path).sorted() == [".a", "b", "inner", "ü"].sorted())
    var folders: [String] = []
    try FolderList.read(folder.path) { if $0.isFolder { folders.append($0.name) } }
    #expect(folders == ["inner"])
  }

  @Test func `an open folder is gone through from its beginning every time`() throws {
    let folder = try TemporaryFolder()
    for name in ["a", "b"] { mkdir("\(folder.path)/\(name)", 0o700) }
    let descriptor = open(folder.path, O_RDONLY | O_DIRECTORY)
    defer { close(descriptor) }
    for _ in 0..<2 {
      var count = 0
      try FolderList.read(descriptor: descriptor) { _ in count += 1 }
      #expect(count == 2)
    }
  }

  @Test func `a name that is no UTF-8 is kept as the disk has it`() throws {
    let folder = try TemporaryFolder()
    let name: [CChar] = [0x61, CChar(bitPattern: 0xFF), 0]
    let path = folder.path.utf8CString.dropLast() + [0x2F] + name
    close(open(Array(path), O_CREAT | O_WRONLY, 0o600))
    var found: [[CChar]] = []
    try FolderList.read(folder.path) { found.append($0.raw) }
    #expect(found == [name])
  }

  @Test func `what is no folder is refused with the system's reason`() {
    #expect(throws: FileFault.system(errno: ENOENT)) { try FolderList.names(in: "/nowhere/at/all") }
    #expect(throws: FileFault.system(errno: ENOTDIR)) { try FolderList.names(in: "/etc/passwd") }
    #expect(FileFault.system(errno: ENOENT).description == "No such file or directory")
  }
}

@Suite(.timeLimit(.minutes(1))) struct FileBytesTests {
  private static func file(_ bytes: [UInt8]) throws -> (folder: TemporaryFolder, path: String) {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/file"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return (folder, path)
  }

  @Test(arguments: [0, 1, 65_536, 65_537, 200_000])
  func `a file is read to its end, and no further than the limit`(count: Int) throws {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
    let (folder, path) = try Self.file(bytes)
    #expect(try FileBytes.of(path, limit: count) == bytes)
    #expect(try FileBytes.ofPlain(path, limit: count) == bytes)
    if count > 0 {
      #expect(throws: FileFault.tooLong(limit: count - 1)) { try FileBytes.of(path, limit: count - 1) }
    }
    let descriptor = open(path, O_RDONLY)
    defer { close(descriptor) }
    #expect(try FileBytes.beginning(descriptor, upTo: count / 2) == Array(bytes.prefix(count / 2)))
    #expect(try FileBytes.all(descriptor) == Array(bytes.dropFirst(count / 2)))
    _ = folder
  }

  @Test func `what is no plain file is named, and holds nobody up`() throws {
    let folder = try TemporaryFolder()
    let pipe = "\(folder.path)/pipe"
    #expect(mkfifo(pipe, 0o600) == 0)
    #expect(throws: FileFault.notRegular) { try FileBytes.ofPlain(pipe, limit: 10) }
    #expect(throws: FileFault.isFolder) { try FileBytes.ofPlain(folder.path, limit: 10) }
    #expect(FileFault.isFolder.description == "it is a directory")
    #expect(FileFault.tooLong(limit: 7).description == "it has more than 7 bytes")
  }

  @Test func `more than a pipe takes at once is written all the same`() async throws {
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    let (reading, writing) = (ends[0], ends[1])
    let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let reader = Task.detached { try FileBytes.all(reading) }
    try await Task.detached {
      defer { close(writing) }
      try FileBytes.write(bytes, to: writing)
    }.value
    #expect(try await reader.value == bytes)
    close(reading)
  }

  @Test func `a disk that is full is told`() throws {
    let full = open("/dev/full", O_WRONLY)
    defer { close(full) }
    #expect(throws: FileFault.system(errno: ENOSPC)) { try FileBytes.write([1], to: full) }
  }
}

@Suite struct FileReplacementTests {
  @Test func `a file is replaced whole, with the mode that is asked for`() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/file"
    for text in ["old and long", "new"] {
      try FileReplacement.write(text.utf8, to: path, suffix: "x", mode: 0o640)
      #expect(try FileBytes.of(path, limit: 100) == Array(text.utf8))
    }
    var status = stat()
    #expect(stat(path, &status) == 0)
    #expect(status.st_mode & 0o777 == 0o640)
    #expect(try FolderList.names(in: folder.path) == ["file"])
  }

  @Test func `what cannot be finished leaves the old file, and nothing beside it`() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/file"
    // A folder that is not empty cannot be replaced by a file.
    mkdir(path, 0o700)
    mkdir("\(path)/inner", 0o700)
    #expect(throws: FileFault.self) { try FileReplacement.write("new".utf8, to: path, suffix: "x") }
    #expect(try FolderList.names(in: folder.path) == ["file"])
    #expect(try FolderList.names(in: path) == ["inner"])
  }

  @Test func `a link that somebody put beside it is not followed`() throws {
    let folder = try TemporaryFolder()
    let (path, secret) = ("\(folder.path)/file", "\(folder.path)/secret")
    try FileReplacement.write("kept".utf8, to: secret, suffix: "x")
    #expect(symlink(secret, "\(path).x") == 0)
    #expect(throws: FileFault.system(errno: ELOOP)) {
      try FileReplacement.write("new".utf8, to: path, suffix: "x")
    }
    #expect(try FileBytes.of(secret, limit: 10) == Array("kept".utf8))
  }
}
