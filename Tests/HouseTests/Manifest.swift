/// The lines of `Package.swift` that declare targets, read as text: what each may import.
struct Manifest {
  struct Declared {
    var name: String
    /// Relative to the package.
    var folder: String
    var uses: Set<String>
  }

  /// What comes with the toolchain.
  static let system: Set<String> = [
    "Glibc", "Synchronization", "Testing", "Foundation", "PackageDescription", "Dispatch",
  ]

  /// The modules behind the manifest's names for products.
  private static let products = [
    "argumentParser": "ArgumentParser", "crypto": "Crypto", "lifecycle": "ServiceLifecycle",
    "logging": "Logging", "mustache": "Mustache", "yams": "Yams",
  ]

  private static let ground: Set<String> = ["Primitives", "JSON", "Store", "Logging"]

  var targets: [Declared] = []

  init(_ text: String) {
    // A declaration begins with one of the manifest's own functions and ends with its closing parenthesis.
    for match in text.matches(
      of: /(?m)^    \s*(?:platform|domain|program|tests)\(\s*"(\w+)"([^;]*?)\),?\n(?=    \S|\n|  \])/)
    {
      let kind = String(match.0.drop { $0 == " " }.prefix { $0 != "(" })
      let name = String(match.1)
      let rest = String(match.2)
      var uses = Set(rest.matches(of: /"(\w+)"/).map { String($0.1) })
      for (product, module) in Manifest.products where rest.contains(product) { uses.insert(module) }
      var folder: String
      switch kind {
      case "platform": folder = "Sources/Platform/\(name)"
      case "tests":
        folder = "Tests/\(name)Tests"
        uses.formUnion([name, "TestSupport"])
      default:
        folder = "Sources/\(name)"
        uses.formUnion(Manifest.ground)
      }
      if let place = rest.firstMatch(of: /in: "([\w\/]+)"/) { folder = "Sources/\(place.1)" }
      targets.append(Declared(name: name, folder: folder, uses: uses))
    }
  }
}
