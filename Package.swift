// swift-tools-version: 6.2
import PackageDescription

/// What every stage may import.
let shared: [Target.Dependency] = ["MarketModel", "Resilience", "Observability"]

// The logging interface; the command line and its help; YAML with line numbers.
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let yaml = Target.Dependency.product(name: "Yams", package: "Yams")
// SQLite, for the jobs of history.
let database = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")

let package = Package(
    name: "sluice",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // The C libraries: a module map and a header of inlines each, no logic.
        .systemLibrary(name: "CLibwebsockets", pkgConfig: "libwebsockets", providers: [.apt(["libwebsockets-dev"])]),
        .systemLibrary(name: "CNATS", pkgConfig: "libnats", providers: [.apt(["libnats-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
        .systemLibrary(name: "CMalloc"),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),

        .target(name: "MarketModel"),
        .target(name: "Resilience"),
        .target(name: "Observability", dependencies: [logging]),

        // The stages, in the order a frame passes them.
        .target(name: "Transport", dependencies: shared + ["CLibwebsockets", "CZlib"]),
        .target(name: "Venues", dependencies: shared),
        .target(name: "OrderBook", dependencies: shared + ["CZlib"]),
        .target(name: "Backfill", dependencies: shared + ["Transport", "Venues", "CArchive", "CCrypto", database]),
        .target(name: "Publishing", dependencies: shared + ["CNATS", "CZlib", logging]),

        // The service, and the exchange it is tested against.
        .target(name: "ExchangeSimulator", dependencies: shared + ["Transport", "CCrypto", "CZlib"]),
        .target(
            name: "Collector",
            dependencies: shared + [
                "Transport", "Venues", "OrderBook", "Backfill", "Publishing", "ExchangeSimulator", "CCrypto", "CZlib",
                yaml, logging,
            ]),
        .executableTarget(
            name: "sluice",
            dependencies: [
                "Collector", "ExchangeSimulator", "Observability", "Publishing", "Transport", "Venues", "CMalloc",
                arguments, logging,
            ]),

        .testTarget(name: "MarketModelTests", dependencies: ["MarketModel", "TestSupport"]),
        .target(name: "TestSupport", dependencies: ["MarketModel"], path: "Tests/TestSupport"),
        .testTarget(name: "ResilienceTests", dependencies: ["Resilience", "TestSupport"]),
        .testTarget(
            name: "BackfillTests",
            dependencies: shared + ["Backfill", "CArchive", "TestSupport", "Transport", "Venues", database]),
        .testTarget(name: "ObservabilityTests", dependencies: ["Observability", "TestSupport"]),
        .testTarget(name: "TransportTests", dependencies: shared + ["Transport", "TestSupport"]),
        .testTarget(
            name: "VenuesTests", dependencies: shared + ["OrderBook", "Venues"], resources: [.copy("Fixtures")]),
        .testTarget(name: "OrderBookTests", dependencies: shared + ["CZlib", "OrderBook", "TestSupport"]),
        .testTarget(name: "PublishingTests", dependencies: shared + ["Publishing", "TestSupport"]),
        .testTarget(name: "ExchangeSimulatorTests", dependencies: shared + ["ExchangeSimulator", "Transport"]),
        .testTarget(
            name: "CollectorTests",
            dependencies: shared + [
                "Backfill", "Collector", "ExchangeSimulator", "OrderBook", "Publishing", "TestSupport", "Transport",
                "Venues", logging,
            ], exclude: ["Fixtures"]),
    ],
    swiftLanguageModes: [.v6]
)

// Linked with the fuzzer's runtime, which plain builds have not; see scripts/fuzz.
if Context.environment["SLUICE_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "Fuzz",
            dependencies: shared + [
                "Collector", "ExchangeSimulator", "OrderBook", "Publishing", "Transport", "Venues",
            ],
            path: "Tests/Fuzz"))
}

for target in package.targets where target.type != .system {
    target.swiftSettings = [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .enableExperimentalFeature("Lifetimes"),
        .treatAllWarnings(as: .error),
    ]
}
