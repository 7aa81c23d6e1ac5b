import ArgumentParser
import Glibc
import Processes
import Service
import Signatures

/// `errand try`
struct Try: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "try", abstract: "See the whole path at work: triggers, an agent, grading, delivery.",
    discussion: """
      Starts a server of its own, with a copy of the job daily-brief that plays its rehearsal, and a receiver for \
      its results; fires the job by a schedule and by a webhook, and tells what happens. Needs no key and no network. \
      Everything is kept in a folder of its own.

      EXAMPLES:
        errand try
        errand try --exit                  end with 0 only if the story ended as told
        errand try --data /tmp/my-errand
      """)

  @Flag(help: "End when the story has ended, with 0 only if it ended as told.")
  var exit = false
  @Option(
    help: ArgumentHelp("Where to keep everything. (default: a new folder below $TMPDIR)", valueName: "dir"))
  var data: String?
  @Option(
    help: ArgumentHelp(
      "The folder with the job files. (default: the folder Jobs here, or above this program)",
      valueName: "dir"))
  var jobs: String?
  @Option(help: "What tools run in. none gives them everything that this user may do.")
  var sandbox = Configuration.Sandbox.bubblewrap

  func run() async throws {
    let gallery = try Try.gallery(jobs)
    let folder = try TryFolder(data)
    try await folder.copyJobs(from: gallery)
    do {
      let (data, exits, sandbox) = (folder, exit, sandbox.rawValue)
      try await Interrupts.end { try await Try.tell(in: data, sandbox: sandbox, exits: exits) }
    } catch Complaint.interrupted {
      Say.notice("\nStopped. Everything is still in \(folder.root).")
      if exit { throw ExitCode(ExitCodes.interrupted.rawValue) }
    }
  }

  private static func tell(in folder: TryFolder, sandbox: String, exits: Bool) async throws {
    let narrator = Narrator()
    narrator.plain(
      "The daily brief, set off twice. The model is played from rehearsal.yaml; everything else is real.")
    narrator.plain("")
    let callbackSecret = StandardWebhooks.newSecret()
    let deskSecret = StandardWebhooks.newSecret()
    let receiver = try CallbackReceiver.start(secret: callbackSecret)
    narrator.tell("receiver", "waits for results at \(receiver.url)")
    let child = try await ServeChild.start(
      folder, sandbox: sandbox,
      variables: [
        "BRIEFS_DIR": folder.briefs, "CALLBACK_URL": receiver.url, "CALLBACK_SECRET": callbackSecret,
        "DESK_SECRET": deskSecret,
      ])
    narrator.tell(
      "server", "errand serve --rehearse is ready at \(child.url) after \(TimeWords.duration(child.took))")
    do {
      let key = try DataDirectory.readKey("\(folder.data)/api-key") ?? ""
      let story = Story(
        folder: folder, server: try Server(url: child.url, key: key), receiver: receiver, narrator: narrator,
        deskSecret: deskSecret)
      try await tell(story, child, exits: exits)
    } catch {
      _ = await child.stop()
      await receiver.stop()
      throw error
    }
    await receiver.stop()
  }

  /// The story, then the rest of the evening; ends early when the server does.
  private static func tell(_ story: Story, _ child: ServeChild, exits: Bool) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await child.fail() }
      group.addTask {
        let (expectations, brief) = try await story.tell()
        end(story, brief)
        if exits {
          if !expectations.differences.isEmpty { throw Complaint.storyDiffers(expectations.differences) }
          return
        }
        invite(story, expectations)
        try await Task.sleep(for: .seconds(86_400 * 365))
      }
      defer { group.cancelAll() }
      try await group.next()
    }
    // Only with --exit: the server's own end is a part of the story.
    let stopped = await child.stop()
    guard stopped == .code(0) else {
      throw Complaint.storyDiffers(["the server did not stop in order: its exit code is \(stopped.shellCode)"]
      )
    }
    story.narrator.tell("server", "stopped in order when asked")
    story.narrator.plain("")
    story.narrator.plain("The story ended as told.")
  }

  /// How many lines of the brief are shown.
  private static let shownLines = 24

  private static func end(_ story: Story, _ brief: String?) {
    story.narrator.title("The brief")
    // That it is missing is what there is to tell.
    guard let path = brief.map({ "\($0)/brief.md" }), let bytes = try? InputFile.read(path) else {
      story.narrator.plain("It was not delivered.")
      return
    }
    story.narrator.plain(path)
    story.narrator.plain("")
    let lines = String(decoding: bytes, as: UTF8.self).safeLines
    for line in lines.prefix(shownLines) { story.narrator.plain("    \(line)") }
    if lines.count > shownLines { story.narrator.plain("    …") }
  }

  private static func invite(_ story: Story, _ expectations: Expectations) {
    for difference in expectations.differences { Say.notice("Not as it should be: \(difference)") }
    let program = (CommandLine.arguments.first ?? "errand").shellQuoted
    let place = "--url \(story.server.url) --data \(story.folder.data.shellQuoted)"
    story.narrator.title("Still serving at \(story.server.url) until Ctrl-C. In another terminal:")
    for words in ["runs", "run daily-brief --wait", "deliveries"] {
      story.narrator.plain("    \(program) \(words) \(place)")
    }
  }

  // MARK: The job files

  /// The folder that has the story's job: the one given, or the nearest one named Jobs.
  static func gallery(_ given: String?) throws -> String {
    let isThere: (String) -> Bool = { access("\($0)/daily-brief/job.yaml", R_OK) == 0 }
    if let given {
      if isThere(given) { return given }
      throw Complaint.setUp("\(given) has no daily-brief/job.yaml. Give the folder Jobs of the checkout.")
    }
    if isThere("Jobs") { return "Jobs" }
    var folder = try ServeChild.program()
    while let slash = folder.lastIndex(of: "/") {
      folder = String(folder[..<slash])
      if isThere("\(folder)/Jobs") { return "\(folder)/Jobs" }
    }
    throw Complaint.setUp(
      "The job daily-brief is not found. Name the folder Jobs of the checkout with --jobs.")
  }
}
