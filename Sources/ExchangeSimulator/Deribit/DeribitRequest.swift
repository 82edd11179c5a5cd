internal import FoundationEssentials

/// What a method is asked with, from a WebSocket's object or the query of a request.
struct DeribitParameters: Equatable {
    /// A value of either form.
    enum Value: Decodable, Equatable {
        case text(String)
        case number(Double)
        case flag(Bool)
        case list([String])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let flag = try? container.decode(Bool.self) {
                self = .flag(flag)
            } else if let number = try? container.decode(Double.self) {
                self = .number(number)
            } else if let text = try? container.decode(String.self) {
                self = .text(text)
            } else {
                self = .list(try container.decode([String].self))
            }
        }
    }

    let values: [String: Value]

    func text(_ key: String) -> String? {
        if case .text(let text) = self.values[key] { text } else { nil }
    }

    func integer(_ key: String) -> Int64? {
        switch self.values[key] {
        case .text(let text): Int64(text)
        case .number(let number): Int64(exactly: number.rounded())
        default: nil
        }
    }

    func list(_ key: String) -> [String]? {
        if case .list(let list) = self.values[key] { list } else { nil }
    }
}

/// A JSON-RPC request: `{"jsonrpc":"2.0","id":11,"method":"public/test","params":{}}`.
struct DeribitRequest: Decodable, Equatable {
    let id: CommandID
    let method: String
    let parameters: DeribitParameters

    private enum Key: String, CodingKey {
        case id, method, params
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self.id = try container.decode(CommandID.self, forKey: .id)
        self.method = try container.decode(String.self, forKey: .method)
        let values = try container.decodeIfPresent([String: DeribitParameters.Value].self, forKey: .params)
        self.parameters = DeribitParameters(values: values ?? [:])
    }

    init?(parsing bytes: UnsafeRawBufferPointer) {
        guard let request = try? JSONDecoder().decode(Self.self, from: Data(bytes)) else { return nil }
        self = request
    }
}
