import Foundation

/// The targets of a manifest, as the package manager itself writes them out: what each may import.
struct Manifest {
  struct Declared {
    var name: String
    /// Relative to the package.
    var folder: String
    /// The modules of the target's dependencies.
    var uses: Set<String>
    /// Those of them that its own line names, and not the ground that all stand on.
    var named: Set<String> = []
  }

  /// What comes with the toolchain.
  static let system: Set<String> = [
    "Glibc", "Synchronization", "Testing", "Foundation", "PackageDescription", "Dispatch",
  ]

  var targets: [Declared] = []

  init(_ text: String) throws {
    let declared = Manifest.withoutComments(text)
    let names = Manifest.constants(in: declared)
    let list = declared.firstRange(of: "  targets: [\n").map { declared[$0.upperBound...] } ?? ""
    for call in Manifest.calls(in: String(list)) {
      guard let target = Manifest.target(call, names) else { continue }
      targets.append(target)
    }
  }

  private static func withoutComments(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false)
      .filter { !$0.drop(while: { $0 == " " }).hasPrefix("//") }.joined(separator: "\n")
  }

  /// `let crypto = Target.Dependency.product(name: "Crypto", …)`, and `ground`, by name.
  private static func constants(in text: String) -> [String: Set<String>] {
    var names: [String: Set<String>] = [:]
    for match in text.matches(of: /(?m)^let (\w+) = Target\.Dependency\.product\(name: "(\w+)"/) {
      names[String(match.1)] = [String(match.2)]
    }
    for match in text.matches(of: /(?m)^let (\w+): \[Target\.Dependency\] = \[(.*?)\]$/) {
      names[String(match.1)] = modules(in: String(match.2), names)
    }
    return names
  }

  /// The text of each call in a list, such as `domain("Runs", uses: ["Jobs"])`: from one at the list's own
  /// depth to its closing parenthesis.
  private static func calls(in list: String) -> [String] {
    var calls: [String] = []
    var call = ""
    var depth = 0
    var isText = false
    for character in list {
      if character == "\"" { isText.toggle() }
      if !isText, "([".contains(character) { depth += 1 }
      if !isText, ")]".contains(character) { depth -= 1 }
      if depth < 0 { break }
      if depth == 0, !isText, character == "," || character == "\n" {
        if call.contains("(") { calls.append(call) }
        call = ""
      } else {
        call.append(character)
      }
    }
    return calls
  }

  private static func target(_ call: String, _ names: [String: Set<String>]) -> Declared? {
    let kind = String(call.drop { $0 == " " || $0 == "\n" }.prefix { $0 != "(" })
    guard let name = call.firstMatch(of: /"([\w-]+)"/).map({ String($0.1) }) else { return nil }
    let given =
      call.firstMatch(of: /(?:uses|dependencies): ([^:]*?)(?:, \w+:|\)$|,\s*\w+:)/).map { String($0.1) } ?? ""
    var target = Declared(name: name, folder: "Sources/\(name)", uses: modules(in: given, names))
    target.named = modules(in: given.replacing(/\bground\b/, with: ""), names)
    switch kind {
    case "platform": target.folder = "Sources/Platform/\(name)"
    case "library": return nil
    case "tests":
      target = Declared(
        name: "\(name)Tests", folder: "Tests/\(name)Tests", uses: target.uses.union([name, "TestSupport"]),
        named: target.named)
    case "domain", "program": target.uses.formUnion(names["ground"] ?? [])
    default: break
    }
    if let folder = call.firstMatch(of: /in: "([\w\/]+)"/) { target.folder = "Sources/\(folder.1)" }
    if let folder = call.firstMatch(of: /path: "([\w\/]+)"/) { target.folder = String(folder.1) }
    return target
  }

  /// The modules that an expression such as `ground + ["Jobs", crypto]` stands for.
  private static func modules(in text: String, _ names: [String: Set<String>]) -> Set<String> {
    var modules: Set<String> = []
    for match in text.matches(of: /"(\w+)"/) { modules.insert(String(match.1)) }
    for match in text.replacing(/"\w+"/, with: "").matches(of: /\w+/) {
      modules.formUnion(names[String(match.0)] ?? [])
    }
    return modules
  }
}
