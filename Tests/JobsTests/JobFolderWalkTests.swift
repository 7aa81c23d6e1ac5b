import Catalog
import Foundation
import JSON
import Reading
import Testing

@testable import Jobs

/// Which files are read, and which are named because they are not.
@Suite struct JobFolderWalkTests {
  private static func nested() -> [String: String] {
    var files: [String: String] = [:]
    for (name, text) in Gallery.files() {
      let isJob = name.hasPrefix("brief/")
      files[isJob ? "team/daily/\(name)" : name] = text
    }
    return files
  }

  private func warnings(_ gallery: Gallery) throws -> [String] {
    try gallery.load().warnings.map { $0.description.replacing(gallery.path + "/", with: "") }
  }

  @Test func `jobs are found at any depth, with either ending`() throws {
    var files = Self.nested()
    files["team/daily/brief/job.yml"] = files.removeValue(forKey: "team/daily/brief/job.yaml")
    files["team/agents/other.yml"] = "model: m\n"
    let gallery = try Gallery(files)
    let bundle = try gallery.load()
    #expect(bundle.jobs.map { $0.definition["name"] } == ["brief"])
    #expect(bundle.agents.count == 2)
    #expect(bundle.warnings.isEmpty)
    // One job's folder finds what it needs further up.
    for path in ["/team/daily/brief", "/team/daily/brief/job.yml"] {
      #expect(try gallery.load(path).agents.map { $0["name"] } == ["writer"])
    }
  }

  @Test(arguments: [
    ("poll/Job.yaml", "This file is not read: a job's file is named job.yaml or job.yml. Rename it."),
    ("poll/job.json", "This file is not read: a job's file is named job.yaml or job.yml. Rename it."),
    ("poll/job.yaml.txt", "This file is not read: a job's file is named job.yaml or job.yml. Rename it."),
    (
      "poll.yaml",
      "This file is not read: each job has a folder of its own. Move it to poll/job.yaml, with the files that it names."
    ),
    (
      "sources/other.YAML",
      "This file is not read: only those that end in .yaml or .yml are. Rename it, such as to other.yaml."
    ),
    (
      "brief/Rehearsal.yaml",
      "This file is not read: a rehearsal is named rehearsal.yaml or rehearsal.yml. Rename it."
    ),
    (
      "brief/more/job.yaml",
      "This file is not read: it lies in another job's folder. Move its folder beside that."
    ),
  ])
  func `what looks as if it was meant is named`(file: String, sentence: String) throws {
    let gallery = try Gallery(Gallery.files())
    try gallery.write(file, "name: poll\nagent: writer\nenvironment: bench\ninput: {message: p.md}\n")
    #expect(try warnings(gallery) == ["\(file): \(sentence)"])
  }

  @Test(arguments: [
    "brief/job.yaml~", "brief/.job.yaml.swp", "notes.md", "README.md", "brief/README.md", "agents/README.md",
    "docker-compose.yml", "brief/log/job.yaml",
  ])
  func `what nobody means is not`(file: String) throws {
    let gallery = try Gallery(Gallery.files())
    try gallery.write(file, "services: {}\n")
    #expect(try warnings(gallery).isEmpty)
  }

  @Test func `a folder of definitions with nearly its name is named`() throws {
    let gallery = try Gallery(Gallery.files())
    try gallery.write("Agents/x.yaml", "model: m")
    #expect(
      try warnings(gallery) == [
        "Agents: The files in this folder are not read: it must be named agents. Rename it."
      ])
  }

  @Test func `links that lead nowhere, and what cannot be a job, are problems`() throws {
    let gallery = try Gallery(Gallery.files())
    try gallery.link("gone", to: "/nowhere/at-all")
    try gallery.write("folder/job.yaml/x", "")
    try gallery.write("poll/prompt.md", "x")
    try gallery.link("poll/job.yaml", to: "missing.yaml")
    try gallery.write("two/job.yaml", "a: 1")
    try gallery.write("two/job.yml", "a: 1")
    #expect(
      gallery.problems() == [
        "folder/job.yaml: The file cannot be read: it is a directory.",
        "gone: This is a link that leads nowhere, to /nowhere/at-all. Mend it, or remove it.",
        "poll/job.yaml: The file cannot be read: it is a link that leads nowhere, to missing.yaml.",
        "two/job.yaml: There is job.yml too. Keep one of them.",
      ])
  }

  @Test func `a loop of links ends`() throws {
    let gallery = try Gallery(Gallery.files())
    try gallery.write("team/notes.md", "x")
    try gallery.link("team/all", to: gallery.path)
    #expect(
      try warnings(gallery) == [
        "team/all: This link leads back to a folder that it lies in, and is not followed."
      ])
  }

  @Test func `prompts say the same without a byte order mark and carriage returns`() throws {
    let gallery = try Gallery(Gallery.files())
    try gallery.write("brief/prompt.md", "\u{FEFF}Write.\r\nNow.\r\n")
    let checked = try gallery.load().checked(kinds: nil, known: Names())
    #expect(checked.jobs.map(\.message) == ["Write.\nNow.\n"])
  }
}
