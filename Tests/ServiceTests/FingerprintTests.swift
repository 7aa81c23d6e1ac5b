import Foundation
import TestSupport
import Testing

@testable import Service

@Suite struct FingerprintTests {
  private static func write(_ text: String, _ path: String) throws {
    try FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try text.write(toFile: path, atomically: false, encoding: .utf8)
  }

  @Test func `a folder that nobody touches stays the same`() throws {
    let folder = try TemporaryFolder()
    try Self.write("name: a", "\(folder.path)/a/job.yaml")
    #expect(Fingerprint(of: folder.path) == Fingerprint(of: folder.path))
  }

  @Test(arguments: ["edit", "add", "remove", "rename", "replace", "deep"])
  func `every change of a file shows`(change: String) throws {
    let folder = try TemporaryFolder()
    let file = "\(folder.path)/a/job.yaml"
    try Self.write("name: a", file)
    try Self.write("old", "\(folder.path)/a/b/c/notes.md")
    let before = Fingerprint(of: folder.path)
    switch change {
    case "edit": try Self.write("name: abc", file)
    case "add": try Self.write("name: b", "\(folder.path)/b/job.yaml")
    case "remove": try FileManager.default.removeItem(atPath: file)
    case "rename": try FileManager.default.moveItem(atPath: file, toPath: "\(folder.path)/a/jobs.yaml")
    case "replace":
      // The same size, and the same time as far as clocks tell: another file all the same.
      try Self.write("name: b", "\(file).new")
      let times = try FileManager.default.attributesOfItem(atPath: file)[.modificationDate]
      try FileManager.default.setAttributes([.modificationDate: times as Any], ofItemAtPath: "\(file).new")
      #expect(rename("\(file).new", file) == 0)
    default: try Self.write("newer", "\(folder.path)/a/b/c/notes.md")
    }
    #expect(Fingerprint(of: folder.path) != before)
  }

  @Test func `hidden files are no job files, and a loop of links ends`() throws {
    let folder = try TemporaryFolder()
    try Self.write("name: a", "\(folder.path)/a/job.yaml")
    let before = Fingerprint(of: folder.path)
    try Self.write("swap", "\(folder.path)/a/.job.yaml.swp")
    #expect(Fingerprint(of: folder.path) == before)
    try FileManager.default.createSymbolicLink(
      atPath: "\(folder.path)/a/loop", withDestinationPath: folder.path)
    #expect(Fingerprint(of: folder.path) != before)
  }

  @Test func `what links lead to shows, be it a folder that is replaced or a file that is edited`() throws {
    let folder = try TemporaryFolder()
    let root = "\(folder.path)/jobs"
    try Self.write("one", "\(root)/..1/a/job.yaml")
    try Self.write("two", "\(root)/..2/a/job.yaml")
    try FileManager.default.createSymbolicLink(atPath: "\(root)/..data", withDestinationPath: "..1")
    try FileManager.default.createSymbolicLink(atPath: "\(root)/a", withDestinationPath: "..data/a")
    try Self.write("real", "\(folder.path)/real.md")
    try FileManager.default.createSymbolicLink(atPath: "\(root)/p.md", withDestinationPath: "../real.md")
    let before = Fingerprint(of: root)
    #expect(Fingerprint(of: root) == before)
    try FileManager.default.createSymbolicLink(atPath: "\(root)/..new", withDestinationPath: "..2")
    #expect(rename("\(root)/..new", "\(root)/..data") == 0)
    let swapped = Fingerprint(of: root)
    #expect(swapped != before)
    try Self.write("really", "\(folder.path)/real.md")
    #expect(Fingerprint(of: root) != swapped)
    try FileManager.default.removeItem(atPath: "\(folder.path)/real.md")
    #expect(Fingerprint(of: root) != swapped)
  }
}
