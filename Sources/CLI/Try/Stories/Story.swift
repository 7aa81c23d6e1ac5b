import ArgumentParser

/// One use of Errand, told live on a stage.
protocol Story: Sendable {
  /// The folder of its job in the gallery.
  static var job: String { get }
  /// What it is about, for the beginning.
  static var about: String { get }
  init(stage: Stage)
  /// - Returns: what was not as it should be.
  func tell() async throws -> Expectations
}

/// The stories there are, by the words that `--story` takes, in the order in which they are told.
enum StoryName: String, CaseIterable, ExpressibleByArgument {
  case brief, patch, chat

  var type: any Story.Type {
    switch self {
    case .brief: BriefStory.self
    case .patch: PatchStory.self
    case .chat: ChatStory.self
    }
  }
}
