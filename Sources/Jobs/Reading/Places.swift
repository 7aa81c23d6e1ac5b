import Catalog
import Reading

/// Where the values of a bundle stand in the files it was read from, so that problems can be told with line
/// and column.
struct Places: Sendable {
  /// A position in a file, from 1.
  struct Spot: Sendable, Hashable {
    var line: Int
    /// In characters (Unicode scalars).
    var column: Int
  }

  struct Mark: Sendable {
    /// Where its key stands, if it has one.
    var key: Spot?
    var value: Spot
    /// How many columns after `value` a text's first character stands; nil when lines and columns inside the
    /// text cannot be told, as in a block.
    var textOffset: Int?
  }

  /// One file's values by their paths in it.
  struct File: Sendable {
    var name: String
    /// Where the file's content stands in the bundle.
    var prefix: FieldPath
    var marks: [FieldPath: Mark]
  }

  var files: [File] = []

  /// The problem with the place it is best looked for: the value's own, or else that of what it stands in.
  func placed(_ problem: Problem) -> PlacedProblem {
    for file in files {
      guard let inside = problem.path.below(file.prefix) else { continue }
      var path = inside
      while file.marks[path] == nil, !path.steps.isEmpty { path.steps.removeLast() }
      let place = file.marks[path].map { path == inside ? spot(problem.aim, $0) : $0.value }
      return PlacedProblem(
        file: file.name, line: place?.line, column: place?.column, path: inside, problem.message)
    }
    return PlacedProblem(path: problem.path, problem.message)
  }

  private func spot(_ aim: Problem.Aim, _ mark: Mark) -> Spot {
    switch aim {
    case .value: return mark.value
    case .key: return mark.key ?? mark.value
    case .character(let offset):
      guard let first = mark.textOffset else { return mark.value }
      return Spot(line: mark.value.line, column: mark.value.column + first + offset)
    }
  }
}
