import Collector
import MarketModel
import OrderBook
@testable import Publishing
import Venues

/// Lists of instruments; the first byte chooses the segment. What is published of them can be read.
enum InstrumentsFuzz {
    static func run(_ input: UnsafeRawBufferPointer) {
        guard let choice = input.first else { return }
        let segment = BinanceSegment.allCases[Int(choice) % BinanceSegment.allCases.count]
        let list: (instruments: [Instrument], refused: Int)
        do {
            list = try BinanceInstruments.parse(Array(input[1...]), segment: segment)
        } catch {
            return
        }
        let limits = QueueLimits(bytes: 1 << 20, messages: 4_096)
        let queue = PublishQueue(limits: limits, waker: PublisherWaker())
        queue.setDeliveryState(.up)
        let publisher = EventPublisher(
            encoder: JSONMessageEncoder(), queue: queue, subjects: Subjects(), instance: "fuzz", boot: "0", depth: 10)
        var pipeline = Pipeline(books: BookSettings(depth: 10), publisher: publisher)
        for instrument in list.instruments.prefix(16) {
            let id = pipeline.add(instrument)
            pipeline.publish(.instrument(id), at: 1_700_000_000_000_000)
            PublishedMessages.check(queue)
        }
    }
}
