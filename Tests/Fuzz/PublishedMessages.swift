import Foundation

@testable import Publishing

/// Takes what a pipeline published and looks that subscribers could read it.
enum PublishedMessages {
    /// Empties both lanes: every payload is a JSON object, every subject one that can be published to.
    static func check(_ queue: PublishQueue) {
        for lane in queue.lanes {
            while let record = lane.nextUnsent() {
                let payload = Data(record.payload)
                let object = (try? JSONSerialization.jsonObject(with: payload)) as? [String: Any]
                require(object?["type"] is String, "not a message: \(String(decoding: payload, as: UTF8.self))")
                Self.check(subject: String(cString: record.subject))
                lane.markSent()
            }
            lane.release(lane.inFlightCount, as: .confirmed)
        }
    }

    private static func check(subject: String) {
        let tokens = subject.split(separator: ".", omittingEmptySubsequences: false)
        let isSafe = tokens.allSatisfy { token in
            !token.isEmpty && token.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x2A && $0 != 0x3E }
        }
        require(isSafe, "nothing can be published to \(subject)")
    }
}
