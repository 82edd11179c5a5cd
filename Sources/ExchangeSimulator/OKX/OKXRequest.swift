internal import FoundationEssentials

/// What a client of OKX sent: `{"id":"a7","op":"subscribe","args":[{"channel":"books","instId":"BTC-USDT"}]}`.
struct OKXRequest: Decodable, Equatable {
    let id: String?
    let op: String
    let args: [Argument]

    /// A channel with what it is asked for.
    struct Argument: Decodable, Equatable {
        let channel: String
        let instId: String?
        let instType: String?
        let instFamily: String?

        /// The name that faults and questions know the stream by.
        var name: String { "\(self.channel):\(self.instId ?? self.instType ?? self.instFamily ?? "")" }

        func write(into text: inout [UInt8]) {
            text.write("{\"channel\":")
            text.write(quoted: self.channel)
            for (key, value) in [("instType", self.instType), ("instFamily", self.instFamily), ("instId", self.instId)]
            {
                guard let value else { continue }
                text.write(",\"\(key)\":")
                text.write(quoted: value)
            }
            text.write("}")
        }
    }

    init?(parsing bytes: UnsafeRawBufferPointer) {
        guard let request = try? JSONDecoder().decode(Self.self, from: Data(bytes)) else { return nil }
        self = request
    }
}
