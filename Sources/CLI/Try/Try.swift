import ArgumentParser
import Glibc
import Processes
import Service

/// `errand try`
struct Try: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "try", abstract: "See the whole path at work: triggers, an agent, grading, delivery.",
    discussion: """
      Starts a server of its own, with copies of the gallery's jobs that play their rehearsals, and stand-ins for \
      everybody the server speaks to; sets the jobs off and tells what happens. Needs no key and no network. \
      Everything is kept in a folder of its own.

      EXAMPLES:
        errand try
        errand try --story chat            only one of the stories
        errand try --exit                  end with 0 only if all ended as told
        errand try --data /tmp/my-errand
      """)

  @Flag(help: "End when the stories have ended, with 0 only if they ended as told.")
  var exit = false
  @Option(help: "Tell only this one: brief, patch or chat. May be repeated. (default: all)")
  var story: [StoryName] = []
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
    let names = StoryName.allCases.filter { story.isEmpty || story.contains($0) }
    let gallery = try Try.gallery(jobs)
    let folder = try TryFolder(data)
    try await folder.copyJobs(names.map { $0.type.job }, from: gallery)
    do {
      let (exits, sandbox) = (exit, sandbox.rawValue)
      try await Interrupts.end { try await Try.tell(names, in: folder, sandbox: sandbox, exits: exits) }
    } catch Complaint.interrupted {
      Say.notice("\nStopped. Everything is still in \(folder.root).")
      if exit { throw ExitCode(ExitCodes.interrupted.rawValue) }
    }
  }

  /// Sets the stage, tells the stories, and clears up whatever happens.
  private static func tell(
    _ names: [StoryName], in folder: TryFolder, sandbox: String, exits: Bool
  ) async throws {
    let narrator = Narrator()
    let abouts = names.map { $0.type.about }
    let told =
      abouts.count == 1
      ? abouts[0] : abouts.dropLast().joined(separator: "; ") + "; and \(abouts[abouts.count - 1])"
    narrator.plain("\(told.prefix(1).uppercased() + told.dropFirst()).")
    narrator.plain("The model is played from each job's rehearsal.yaml; everything else is real.")
    narrator.plain("")
    let props = try Props.start(narrator)
    let child: ServeChild
    do {
      child = try await ServeChild.start(folder, sandbox: sandbox, variables: props.variables(folder))
    } catch {
      await props.stop()
      throw error
    }
    narrator.tell(
      "server", "errand serve --rehearse is ready at \(child.url) after \(TimeWords.duration(child.took))")
    do {
      let key = try DataDirectory.readKey("\(folder.data)/api-key") ?? ""
      let stage = Stage(
        folder: folder, server: try Server(url: child.url, key: .option(key)), narrator: narrator,
        props: props)
      try await tell(names, on: stage, child, exits: exits)
    } catch {
      _ = await child.stop()
      await props.stop()
      throw error
    }
    await props.stop()
  }

  /// The stories, then the rest of the evening; ends early when the server does.
  private static func tell(
    _ names: [StoryName], on stage: Stage, _ child: ServeChild, exits: Bool
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await child.fail() }
      group.addTask {
        var differences: [String] = []
        for name in names { differences += try await name.type.init(stage: stage).tell().differences }
        if exits {
          if !differences.isEmpty { throw Complaint.storyDiffers(differences) }
          return
        }
        invite(stage, names, differences)
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
    stage.narrator.plain("")
    stage.narrator.tell("server", "stopped in order when asked")
    stage.narrator.plain("")
    stage.narrator.plain(names.count == 1 ? "The story ended as told." : "The stories ended as told.")
  }

  private static func invite(_ stage: Stage, _ names: [StoryName], _ differences: [String]) {
    for difference in differences { Say.notice("Not as it should be: \(difference)") }
    let program = (CommandLine.arguments.first ?? "errand").shellQuoted
    let place = "--url \(stage.server.url) --data \(stage.folder.data.shellQuoted)"
    stage.narrator.title("Still serving at \(stage.server.url) until Ctrl-C. In another terminal:")
    let again = names.contains(.brief) ? ["run daily-brief --wait"] : []
    for words in ["runs"] + again + ["deliveries"] {
      stage.narrator.plain("    \(program) \(words) \(place)")
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
