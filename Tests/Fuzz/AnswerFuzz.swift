import Collector
import Foundation

@testable import Publishing

/// What NATS sends back: answers of streams, and messages as `sluice tail` draws them.
enum AnswerFuzz {
    static func run(_ input: UnsafeRawBufferPointer) {
        withExactCopy(input) { copy in
            switch StreamAnswer(UnsafeRawBufferPointer(copy)) {
            case .failed(let code, let error): _ = PublishProblem(code: code, error: error).reason
            case .stored, .unreadable: break
            }
        }
        let renderer = TailRenderer(style: .plain)
        for line in renderer.lines(subject: "md.trade.binance.spot.BTC-USDT", payload: Data(input)) {
            let isPrintable = line.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
            require(isPrintable, "a line that cannot be printed: \(line.debugDescription)")
        }
    }
}
