import JSON
import Primitives
import Reading

/// The part of what was read in which everything is right, and what is wrong with the rest.
struct SortedReading {
  var bundle: Bundle
  var checked: CheckedBundle
  /// In the order of the files.
  var problems: [PlacedProblem]
}

extension JobFolderReading {
  /// - Parameters:
  ///   - stored: what the server has: a job may go on with an agent whose changed file is wrong.
  ///   - refused: what else was found wrong.
  func sorted(
    kinds: Kinds?, stored: Names, surroundings: Surroundings? = nil, now: Timestamp = Time.system.now(),
    refused: [(index: Int, problem: PlacedProblem)] = []
  ) -> SortedReading {
    var bundle = bundle.without(["jobs": Set(refused.map(\.index))])
    var problems = problems + refused.map(\.problem)
    var known = stored
    known.renamed = self.known.renamed
    known.agents += self.known.agents
    known.environments += self.known.environments
    known.sources += self.known.sources
    for problem in self.problems {
      guard let name = problem.file, let file = files[name], file.thing != "job" else { continue }
      known.breaks(file.thing, file.name, "\(name) has problems", unless: stored)
    }
    while true {
      let reader = BundleReader(kinds: kinds, known: known)
      var checked = reader.read(bundle)
      let found = reader.findings.problems
      guard !found.isEmpty else {
        if let surroundings {
          let precautions = Precautions(surroundings: surroundings, now: now, kinds: kinds, known: known)
          checked.precautions = precautions.warnings(of: checked, bundle)
        }
        return SortedReading(
          bundle: bundle, checked: checked, problems: problems.sorted(by: PlacedProblem.isBefore))
      }
      let told = Set(problems.map { [$0.file, $0.path.description] })
      problems += found.map(bundle.places.placed).filter { !told.contains([$0.file, $0.path.description]) }
      var wrong: [String: Set<Int>] = [:]
      for problem in found {
        guard case .key(let list)? = problem.path.steps.first, problem.path.steps.count > 1,
          case .index(let index) = problem.path.steps[1]
        else {
          // It is about everything together.
          return SortedReading(
            bundle: Bundle(), checked: CheckedBundle(), problems: problems.sorted(by: PlacedProblem.isBefore))
        }
        // Nobody knows which of two of one name is meant.
        let name = bundle.name(list, index)
        let alike = bundle.indices(list).filter {
          $0 == index || (name != nil && bundle.name(list, $0) == name)
        }
        wrong[list, default: []].formUnion(alike)
        if list != "jobs" {
          let files = alike.map { index in
            bundle.places.files.first { $0.prefix == .root.key(list).index(index) }?.name ?? list
          }
          let why =
            files.count > 1
            ? "it stands in \(files.joined(separator: " and "))" : "\(files[0]) has problems"
          known.breaks(String(list.dropLast()), name, why, unless: stored)
        }
      }
      bundle = bundle.without(wrong)
    }
  }
}

extension Names {
  fileprivate mutating func breaks(_ thing: String, _ name: String?, _ why: String, unless stored: Names) {
    guard let name else { return }
    let isStored =
      switch thing {
      case "agent": stored.agents.contains(name)
      case "environment": stored.environments.contains(name)
      default: stored.sources.contains(name)
      }
    if !isStored { broken["\(thing)s/\(name)"] = why }
  }
}

extension Bundle {
  fileprivate func bodies(_ list: String) -> [JSON] {
    switch list {
    case "agents": agents
    case "environments": environments
    case "sources": sources
    default: jobs.map(\.definition)
    }
  }

  fileprivate func indices(_ list: String) -> Range<Int> { bodies(list).indices }

  fileprivate func name(_ list: String, _ index: Int) -> String? { bodies(list)[index]["name"]?.stringValue }

  /// The bundle without some of its entries, by the names of its lists.
  fileprivate func without(_ wrong: [String: Set<Int>]) -> Bundle {
    func right<Element>(_ list: String, _ elements: [Element]) -> [Element] {
      elements.enumerated().filter { wrong[list]?.contains($0.offset) != true }.map(\.element)
    }
    var bundle = Bundle(
      agents: right("agents", agents), environments: right("environments", environments),
      sources: right("sources", sources), jobs: right("jobs", jobs))
    bundle.roots = right("jobs", roots)
    bundle.warnings = warnings
    bundle.places.files = places.files.compactMap { file in
      guard case .key(let list)? = file.prefix.steps.first, file.prefix.steps.count > 1,
        case .index(let index) = file.prefix.steps[1]
      else { return file }
      let gone = wrong[list] ?? []
      if gone.contains(index) { return nil }
      var file = file
      file.prefix.steps[1] = .index(index - gone.count { $0 < index })
      return file
    }
    return bundle
  }
}
