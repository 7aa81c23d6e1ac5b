import Foundation
import PathSupport
import Primitives
import TestSupport
import Testing

@testable import Service

@Suite struct DataDirectoryTests {
  private static func mode(_ path: String) throws -> Int {
    try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
  }

  @Test func `the first start writes a key for this user only, later ones read it`() throws {
    let folder = try TemporaryFolder()
    let data = try DataDirectory("\(folder.path)/a/data")
    let key = try data.key([:], .system)
    #expect(key.hasPrefix("errand_"))
    #expect(key.count == 55)
    #expect(try Self.mode(data.keyFile) == 0o600)
    #expect(try Self.mode(data.path) == 0o700)
    #expect(try DataDirectory(data.path).key([:], .system) == key)
    #expect(try DataDirectory.readKey(data.keyFile) == key)
    #expect(try FileManager.default.contentsOfDirectory(atPath: data.path) == ["api-key"])
  }

  @Test func `the database and a directory of nothing else are shut to other users`() throws {
    let folder = try TemporaryFolder()
    chmod(folder.path, 0o755)
    let data = try DataDirectory(folder.path)
    data.shut()
    #expect(try Self.mode(data.path) == 0o700)
    #expect(try Self.mode(data.database) == 0o600)
    // As an earlier version left it.
    chmod(data.path, 0o755)
    chmod(data.database, 0o644)
    data.shut()
    #expect(try Self.mode(data.path) == 0o700)
    #expect(try Self.mode(data.database) == 0o600)
  }

  @Test func `a directory with other things in it stays as open as it is`() throws {
    let folder = try TemporaryFolder()
    chmod(folder.path, 0o755)
    try "Others read this.".write(toFile: "\(folder.path)/notes", atomically: true, encoding: .utf8)
    let data = try DataDirectory(folder.path)
    data.shut()
    #expect(try Self.mode(data.path) == 0o755)
    #expect(try Self.mode(data.database) == 0o600)
  }

  @Test func `the environment's key wins and is not written`() throws {
    let folder = try TemporaryFolder()
    let data = try DataDirectory(folder.path)
    #expect(try data.key(["ERRAND_API_KEY": "mine"], .system) == "mine")
    #expect(try DataDirectory.readKey(data.keyFile) == nil)
    #expect(try data.key(["ERRAND_API_KEY": ""], .system).hasPrefix("errand_"))
  }

  @Test func `of many first starts one key wins`() async throws {
    let folder = try TemporaryFolder()
    let data = try DataDirectory(folder.path)
    let keys = try await withThrowingTaskGroup(of: String.self) { group in
      for _ in 0..<20 { group.addTask { try data.key([:], .system) } }
      return try await group.reduce(into: Set()) { $0.insert($1) }
    }
    #expect(keys.count == 1)
    #expect(try FileManager.default.contentsOfDirectory(atPath: data.path) == ["api-key"])
  }

  @Test(arguments: ["api-key\n", "  api-key  ", "api-key"])
  func `space around a key does not count`(text: String) throws {
    let folder = try TemporaryFolder()
    let data = try DataDirectory(folder.path)
    try text.write(toFile: data.keyFile, atomically: true, encoding: .utf8)
    #expect(try data.key([:], .system) == "api-key")
  }

  @Test func `an empty key file is named, not overwritten`() throws {
    let folder = try TemporaryFolder()
    let data = try DataDirectory(folder.path)
    try "".write(toFile: data.keyFile, atomically: true, encoding: .utf8)
    let error = #expect(throws: ServiceError.self) { try data.key([:], .system) }
    #expect(
      error?.description
        == "The key file \(data.keyFile) is empty. Remove it, and the next start writes a new one.")
  }

  @Test func `a directory that can't be made says why`() throws {
    let folder = try TemporaryFolder()
    let file = "\(folder.path)/file"
    try "A file.".write(toFile: file, atomically: true, encoding: .utf8)
    let error = #expect(throws: ServiceError.self) { try DataDirectory("\(file)/data") }
    #expect(
      error?.description
        == "The data directory \(file)/data can't be used: Not a directory. Name another with --data.")
  }

  @Test func `a file is no data directory`() throws {
    let folder = try TemporaryFolder()
    let file = "\(folder.path)/file"
    try "A file.".write(toFile: file, atomically: true, encoding: .utf8)
    let error = #expect(throws: ServiceError.self) { try DataDirectory(file) }
    #expect(
      error?.description
        == "The data directory \(file) can't be used: Not a directory. Name another with --data.")
  }

  @Test(arguments: ["ftp://mirror.example", "https://user:secret@mirror.example/simple", "mirror"])
  func `a mirror that is no plain address ends the start`(address: String) throws {
    let configuration = Configuration(
      dataDirectory: "/nonexistent", environment: ["PIP_INDEX_URL": address, "NPM_CONFIG_REGISTRY": ""])
    let error = #expect(throws: ServiceError.self) { try configuration.mirror("PIP_INDEX_URL") }
    #expect(
      error?.description
        == "PIP_INDEX_URL is no address of the form https://host/path without a user and a password. Correct it, or "
        + "unset it to install packages from the public index.")
    #expect(try configuration.mirror("NPM_CONFIG_REGISTRY") == nil)
  }

  @Test func `the place of data has an order`() {
    #expect(Configuration.defaultDataDirectory(["ERRAND_DATA": "/d", "HOME": "/h"]) == "/d")
    #expect(Configuration.defaultDataDirectory(["XDG_DATA_HOME": "/x", "HOME": "/h"]) == "/x/errand")
    #expect(Configuration.defaultDataDirectory(["HOME": "/h"]) == "/h/.local/share/errand")
  }

  @Test(
    arguments: [
      ("127.0.0.1:8700", "127.0.0.1", 8700), (":8700", "0.0.0.0", 8700), ("localhost:0", "localhost", 0),
      ("[::1]:80", "::1", 80), ("[::]:65535", "::", 65535), ("8700", nil, 0), ("127.0.0.1", nil, 0),
      ("127.0.0.1:", nil, 0), ("127.0.0.1:65536", nil, 0), ("127.0.0.1:-1", nil, 0), ("::1:80", nil, 0),
      ("[::1:80", nil, 0), ("", nil, 0), ("host:80x", nil, 0),
    ] as [(String, String?, UInt16)])
  func `addresses are read or refused`(text: String, address: String?, port: UInt16) {
    let read = Configuration.readListen(text)
    #expect(read?.address == address)
    if address != nil { #expect(read?.port == port) }
  }
}
