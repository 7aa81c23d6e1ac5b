/// Which repositories on this machine may be used: none, unless the operator says otherwise. An address can
/// come from outside, and whatever lies on this machine is not meant for everybody.
package struct LocalRepositories: Sendable, Equatable {
  /// Folders; what lies below them may be used, and `http://` of this machine with it.
  private let folders: [String]

  package static let none = LocalRepositories(below: [])

  /// - Parameter folders: absolute paths.
  package init(below folders: [String]) {
    self.folders = folders.filter { $0.hasPrefix("/") }.map { folder in
      String(folder.reversed().drop { $0 == "/" }.reversed())
    }
  }

  /// - Throws: `GitError.forbidden` with a sentence.
  package func permit(_ url: RepositoryURL) throws(GitError) {
    switch url.scheme {
    case .https: return
    case .http where !folders.isEmpty: return
    case .file where folders.contains(where: { url.path.hasPrefix($0 + "/") }): return
    case .http, .file:
      throw .notAllowed(
        url: url,
        detail:
          "it is on this machine. Allow its folder for the server: ERRAND_LOCAL_REPOSITORIES=/path/above/it")
    }
  }
}
