// swift-tools-version: 6.2
import Foundation
import PackageDescription

// Every warning is an error, in every target.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableExperimentalFeature("Lifetimes"),
    .treatAllWarnings(as: .error),
]

let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

func exists(_ folder: String, _ name: String) -> Bool {
    FileManager.default.fileExists(atPath: root.appending(path: "\(folder)/\(name)").path)
}

let stages = [
    "MarketModel", "Resilience", "Observability", "Transport", "Venues", "OrderBook", "Backfill", "Publishing", "Collector",
    "ExchangeSimulator",
]
let absent = Set(stages.filter { !exists("Sources", $0) })
let shared: [Target.Dependency] = ["MarketModel", "Resilience", "Observability"]
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let all: [Target] = [
    // The C libraries: a module map and a header of inlines each, no logic.
    .systemLibrary(name: "CLibwebsockets", pkgConfig: "libwebsockets", providers: [.apt(["libwebsockets-dev"])]),
    .systemLibrary(name: "CNATS", pkgConfig: "libnats", providers: [.apt(["libnats-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),

    // What every stage may import.
    .target(name: "MarketModel"),
    .target(name: "Resilience"),
    .target(name: "Observability", dependencies: [logging]),

    // The stages, in the order a frame passes them.
    .target(name: "Transport", dependencies: shared + ["CLibwebsockets", "CZlib"]),
    .target(name: "Venues", dependencies: shared),
    .target(name: "OrderBook", dependencies: shared),
    .target(name: "Backfill", dependencies: shared + ["Transport", "Venues"]),
    .target(name: "Publishing", dependencies: shared + ["CNATS", logging]),

    // The service, and the exchange it is tested against.
    .target(
        name: "Collector",
        dependencies: shared + [
            "Transport", "Venues", "OrderBook", "Backfill", "Publishing", "ExchangeSimulator", "CCrypto", "CZlib",
            "Yams", logging,
        ]),
    .target(name: "ExchangeSimulator", dependencies: shared + ["Transport", "CZlib"]),
    .executableTarget(name: "sluice", dependencies: ["Collector", "ExchangeSimulator", "Publishing", "Transport", "Venues", arguments, logging]),

    .testTarget(name: "MarketModelTests", dependencies: ["MarketModel"]),
    .testTarget(name: "ResilienceTests", dependencies: ["Resilience"]),
    .testTarget(name: "ObservabilityTests", dependencies: ["Observability"]),
    .testTarget(name: "TransportTests", dependencies: shared + ["Transport"]),
    .testTarget(name: "VenuesTests", dependencies: shared + ["Venues"], resources: [.copy("Fixtures")]),
    .testTarget(name: "OrderBookTests", dependencies: shared + ["OrderBook"]),
    .testTarget(name: "BackfillTests", dependencies: shared + ["Backfill"]),
    .testTarget(name: "PublishingTests", dependencies: shared + ["Publishing"]),
    .testTarget(name: "CollectorTests", dependencies: shared + ["Collector", "ExchangeSimulator"]),
    .testTarget(name: "ExchangeSimulatorTests", dependencies: shared + ["ExchangeSimulator", "Transport"]),
]

let present = all.filter { exists($0.isTest ? "Tests" : "Sources", $0.name) }
for target in present {
    target.dependencies.removeAll { dependency in
        if case .byNameItem(let name, _) = dependency { absent.contains(name) } else { false }
    }
}
for target in present where target.type != .system {
    target.swiftSettings = settings
}

let package = Package(
    name: "sluice",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),  // the command line and its help
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),  // the logging interface
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),  // YAML with line numbers
    ],
    targets: present,
    swiftLanguageModes: [.v6]
)
