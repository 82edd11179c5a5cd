import Foundation

/// libFuzzer's way in; its own `main` calls this with what it makes up.
///
/// Source: <https://llvm.org/docs/LibFuzzer.html>, "Fuzz Target".
@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    FuzzTarget.chosen.run(UnsafeRawBufferPointer(start: bytes, count: count))
    return 0
}

/// The parts that bytes from outside reach first.
///
/// Built only when `SLUICE_FUZZ` is set, with the fuzzer's and the address sanitizer; see `scripts/fuzz`.
enum FuzzTarget: String, CaseIterable {
    case websocket, decoder, okx, deribit, decimal, http, request, pipeline, instruments, configuration, recording,
        answer, archive
    /// Breaks on an input that only a working fuzzer finds: shows that breaking is seen.
    case planted

    /// The one that `SLUICE_FUZZ_TARGET` names.
    static let chosen: FuzzTarget = {
        if let target = FuzzTarget(rawValue: ProcessInfo.processInfo.environment["SLUICE_FUZZ_TARGET"] ?? "") {
            return target
        }
        let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
        FileHandle.standardError.write(Data("SLUICE_FUZZ_TARGET must be one of \(names)\n".utf8))
        exit(64)
    }()

    func run(_ input: UnsafeRawBufferPointer) {
        switch self {
        case .websocket: WebSocketFuzz.run(input)
        case .decoder: DecoderFuzz.run(input)
        case .okx: OKXFuzz.run(input)
        case .deribit: DeribitFuzz.run(input)
        case .decimal: DecimalFuzz.run(input)
        case .http: HTTPFuzz.run(input)
        case .request: RequestFuzz.run(input)
        case .pipeline: PipelineFuzz.run(input)
        case .instruments: InstrumentsFuzz.run(input)
        case .configuration: ConfigurationFuzz.run(input)
        case .recording: RecordingFuzz.run(input)
        case .answer: AnswerFuzz.run(input)
        case .archive: ArchiveFuzz.run(input)
        case .planted: PlantedFuzz.run(input)
        }
    }
}

/// Ends the process when a property does not hold, so that libFuzzer keeps the input.
func require(_ holds: Bool, _ property: @autoclosure () -> String) {
    if !holds { fatalError(property()) }
}

/// Lends a copy of just the bytes' size, so that the address sanitizer sees a read behind them.
func withExactCopy<Result>(
    _ bytes: UnsafeRawBufferPointer, _ body: (UnsafeMutableRawBufferPointer) -> Result
) -> Result {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { copy.deallocate() }
    copy.copyMemory(from: bytes)
    return body(copy)
}

/// Cuts bytes into pieces whose lengths follow from a seed.
func pieces(of bytes: UnsafeRawBufferPointer, seed: UInt8) -> [UnsafeRawBufferPointer] {
    var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 1
    var cuts: [UnsafeRawBufferPointer] = []
    var start = 0
    while start < bytes.count {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        // Single bytes for every fourth seed; else up to 2, 4, … 256 bytes a piece.
        let most = seed & 3 == 0 ? 1 : 1 << (1 + Int(seed >> 2) & 7)
        let end = min(bytes.count, start + 1 + Int(state >> 33) % most)
        cuts.append(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
        start = end
    }
    return cuts
}
