// swift-tools-version: 6.2
// The diagram of the house: one line per domain with what it uses. Cycles don't compile, and
// `Tests/HouseTests` holds every import against these lines.

import PackageDescription

/// The flags every Swift target is built with.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

/// What stands below every domain: time, randomness, JSON, the store.
let ground: [Target.Dependency] = ["Primitives", "JSON", "Store", logging]

func platform(_ name: String, uses: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: uses, path: "Sources/Platform/\(name)", swiftSettings: strict)
}

func library(_ name: String, package: String, _ debian: String) -> Target {
  .systemLibrary(
    name: name, path: "Sources/Platform/\(name)", pkgConfig: package, providers: [.apt([debian])])
}

func domain(_ name: String, in folder: String? = nil, uses: [Target.Dependency]) -> Target {
  .target(
    name: name, dependencies: ground + uses, path: "Sources/\(folder ?? name)", swiftSettings: strict)
}

func tests(_ subject: String, uses: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
  .testTarget(
    name: "\(subject)Tests", dependencies: [.target(name: subject), "TestSupport"] + uses,
    path: "Tests/\(subject)Tests", resources: resources, swiftSettings: strict)
}

let package = Package(
  name: "errand",
  products: [
    .executable(name: "errand", targets: ["CLI"]),
    .executable(name: "errand-bench", targets: ["Bench"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    // Platform: what the house stands on.
    library("CSQLite", package: "sqlite3", "libsqlite3-dev"),
    library("CCurl", package: "libcurl", "libcurl4-openssl-dev"),
    library("CMicrohttpd", package: "libmicrohttpd", "libmicrohttpd-dev"),
    library("CZlib", package: "zlib", "zlib1g-dev"),
    .target(name: "CLinux", path: "Sources/Platform/CLinux"),
    platform("Primitives", uses: ["CLinux"]),
    platform("FileSystem"),
    platform("JSON"),
    platform("Compression", uses: ["CZlib"]),
    platform("Reading", uses: ["JSON"]),
    platform("Signatures", uses: ["Primitives", "JSON", crypto]),
    platform("SQLite", uses: ["CSQLite", "Primitives"]),
    platform("HTTPClient", uses: ["CCurl", "CLinux", "Primitives"]),
    platform("HTTPServer", uses: ["CMicrohttpd", "CLinux", "FileSystem", "Primitives"]),
    platform("Processes", uses: ["CLinux", "FileSystem", "Primitives"]),
    platform("Git", uses: ["FileSystem", "Primitives", "Processes"]),

    // The domain, in the order of the path.
    .target(name: "Cron", dependencies: ["FileSystem"], swiftSettings: strict),
    .target(
      name: "Store", dependencies: ["FileSystem", "Primitives", "SQLite", "JSON", crypto],
      swiftSettings: strict),
    domain("Queue", uses: ["FileSystem"]),
    domain("Outbox", uses: ["Queue"]),
    domain("Catalog", uses: ["FileSystem", "Reading", crypto]),
    domain("Sessions", in: "Sessions/Sessions", uses: ["Catalog", "Queue", "Reading"]),
    domain("Outcomes", uses: ["Sessions"]),
    domain("Brain", in: "Sessions/Brain", uses: ["Sessions", "Outcomes", "HTTPClient"]),
    domain(
      "Hands", in: "Sessions/Hands",
      uses: ["Sessions", "Catalog", "FileSystem", "HTTPClient", "Processes", "Git", crypto]),
    domain(
      "Jobs", uses: ["Catalog", "Sessions", "Cron", "FileSystem", "Git", "Reading", "Signatures", yams]),
    domain("Runs", uses: ["Jobs", "Sessions", "Catalog", "Outbox", "Queue", "Git", "Reading", crypto]),
    domain("Schedules", uses: ["Runs", "Jobs", "Cron", "Queue"]),
    domain("Hooks", uses: ["Runs", "Jobs", "Compression", "Reading", "Signatures", crypto]),
    domain("Callbacks", uses: ["Outbox", "Queue", "Jobs"]),
    domain(
      "Integrations",
      uses: [
        "Hooks", "Callbacks", "Outbox", "Jobs", "Catalog", "Reading", "FileSystem", "HTTPClient",
        "Signatures",
        "Processes", "Git",
      ]),
    domain(
      "Domains",
      uses: [
        "Queue", "Outbox", "Catalog", "Sessions", "Outcomes", "Jobs", "Runs", "Schedules", "Hooks",
        "Integrations",
      ]),
    domain(
      "API",
      uses: [
        "Domains", "Catalog", "Outbox", "Sessions", "Outcomes", "Jobs", "Runs", "Schedules", "Hooks",
        "Callbacks", "Reading", "HTTPServer", "Signatures", "Git", crypto,
      ]),
    domain(
      "Service",
      uses: [
        "Domains", "Catalog", "Queue", "Outbox", "Sessions", "Brain", "Hands", "Jobs", "Runs", "Schedules",
        "Hooks", "Callbacks", "Integrations", "API", "Reading", "FileSystem", "HTTPServer", "HTTPClient",
        "Processes", "Git", "Signatures", lifecycle,
        signals,
      ]),
    .target(
      name: "StandIns", dependencies: ["HTTPServer", "JSON", "Primitives", "Processes"],
      path: "Sources/CLI/StandIns", swiftSettings: strict),
    .executableTarget(
      name: "CLI",
      dependencies: ground + [
        "Service", "Catalog", "Jobs", "Hooks", "Integrations", "Cron", "Reading", "FileSystem", "HTTPClient",
        "HTTPServer",
        "Signatures", "Processes",
        "StandIns", argumentParser,
      ], path: "Sources/CLI", exclude: ["StandIns"], swiftSettings: strict),
    .executableTarget(
      name: "Bench",
      dependencies: ground + [
        "Cron", "Queue", "FileSystem", "SQLite", "HTTPClient", "HTTPServer", "Hooks", "Signatures",
        "Processes", "StandIns", argumentParser, crypto,
      ], path: "Sources/Bench", exclude: ["peers"], swiftSettings: strict),
    .executableTarget(
      name: "bare-hello", dependencies: ["CMicrohttpd"], path: "Sources/Bench/peers/BareHello"),

    // Tests mirror Sources; journeys start the real program.
    .target(
      name: "TestSupport", dependencies: ground, path: "Tests/TestSupport",
      swiftSettings: strict),
    .target(
      name: "PathSupport",
      dependencies: ground + [
        "Domains", "Catalog", "Queue", "Outbox", "Sessions", "Jobs", "Runs", "Schedules", "Hooks",
        "TestSupport",
      ], path: "Tests/PathSupport", swiftSettings: strict),
    .target(
      name: "IntegrationsSupport",
      dependencies: ground + [
        "Hooks", "Callbacks", "Integrations", "Catalog", "Jobs", "Outbox", "Signatures", "HTTPClient",
        "HTTPServer", "Git", "PathSupport", "TestSupport", crypto,
      ], path: "Tests/IntegrationsSupport", resources: [.copy("Fixtures")], swiftSettings: strict),
    .target(
      name: "GitSupport", dependencies: ["Processes", "HTTPServer", "Primitives"], path: "Tests/GitSupport",
      swiftSettings: strict),
    .testTarget(name: "HouseTests", path: "Tests/HouseTests", swiftSettings: strict),
    .testTarget(
      name: "JourneysTests",
      dependencies: ["CLI", "Bench", "HTTPClient", "JSON", "Primitives", "Processes", "SQLite"],
      path: "Tests/JourneysTests", swiftSettings: strict),
    tests(
      "CLI",
      uses: [
        "Service", "Reading", "Jobs", "HTTPClient", "HTTPServer", "Signatures", "Processes", "JSON",
        "Primitives", "StandIns", "GitSupport", logging, argumentParser,
      ]),
    tests("Primitives"),
    tests("Reading"),
    tests("FileSystem"),
    tests("JSON", uses: ["Primitives"]),
    tests("Compression"),
    tests("Signatures", uses: ["Primitives", "JSON", crypto], resources: [.copy("Fixtures")]),
    tests("Sessions", uses: ground + ["Catalog", "Queue", "Runs", "PathSupport"]),
    tests("Domains", uses: ["Runs", "Primitives", logging]),
    tests("Outbox", uses: ground + ["Queue", "PathSupport"]),
    tests(
      "Runs", uses: ground + ["Sessions", "Jobs", "Queue", "Outbox", "Catalog", "Reading", "PathSupport"]),
    tests("Schedules", uses: ground + ["Cron", "Jobs", "Queue", "Runs", "Sessions", "PathSupport"]),
    tests(
      "Hooks",
      uses: ground + [
        "Catalog", "Jobs", "Outbox", "Queue", "Runs", "Sessions", "Reading", "Signatures", "Integrations",
        "PathSupport",
        "IntegrationsSupport",
      ]),
    tests(
      "Callbacks",
      uses: ground + [
        "Jobs", "Outbox", "Sessions", "Runs", "HTTPServer", "PathSupport", "IntegrationsSupport",
      ]),
    tests(
      "Integrations",
      uses: ground + [
        "Hooks", "Callbacks", "Jobs", "Outbox", "Catalog", "Runs", "HTTPClient", "HTTPServer", "Reading",
        "Signatures",
        "Git", "GitSupport", "Processes", "PathSupport", "IntegrationsSupport",
      ]),
    tests(
      "API",
      uses: ground + [
        "Catalog", "Queue", "Sessions", "Jobs", "Runs", "Outbox", "Hooks", "Schedules", "HTTPClient",
        "HTTPServer",
        "Signatures", "Reading", "PathSupport",
      ]),
    tests(
      "Service",
      uses: ground + [
        "API", "Domains", "Queue", "HTTPClient", "HTTPServer", "Jobs", "Signatures", "PathSupport",
      ]),
    tests("SQLite"),
    tests("Store", uses: ["Primitives", "SQLite", "JSON"]),
    tests("Queue", uses: ["Primitives", "Store", logging]),
    tests("HTTPClient", uses: ["Primitives"]),
    tests("HTTPServer", uses: ["Primitives"]),
    tests("Processes", uses: ["Primitives"]),
    tests("Git"),
    tests(
      "Hands",
      uses: [
        "Sessions", "Catalog", "HTTPClient", logging, "Processes", "Git", "GitSupport", "HTTPServer", "JSON",
        "Reading", "Primitives",
      ]),
    tests("Catalog", uses: ["Reading", "Primitives", "JSON", "Store"]),
    tests("Jobs", uses: ["Catalog", "Reading", "Git", "Cron", "Sessions", "Primitives", "JSON", "Store"]),
    tests("Outcomes", uses: ["Sessions", "JSON"]),
    tests(
      "Brain",
      uses: [
        "Sessions", "Outcomes", "HTTPClient", "Queue", "Catalog", "Store", "JSON", "Primitives", logging,
      ]),
    tests("Cron", resources: [.copy("Fixtures")]),
  ]
)
