internal import FoundationEssentials

/// What a client sent over its WebSocket.
enum ClientCommand: Equatable {
    case subscribe([String], id: CommandID)
    case unsubscribe([String], id: CommandID)
    case listSubscriptions(id: CommandID)
    case setCombined(Bool, id: CommandID)
    /// Refused with this code and text.
    case invalid(code: Int, message: String)

    private struct Raw: Decodable {
        let method: String
        let params: [Parameter]?
        let id: CommandID?
    }

    private enum Parameter: Decodable {
        case text(String)
        case flag(Bool)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                self = .text(text)
            } else {
                self = .flag(try container.decode(Bool.self))
            }
        }
    }

    init(parsing bytes: UnsafeRawBufferPointer) {
        guard let raw = try? JSONDecoder().decode(Raw.self, from: Data(bytes)) else {
            self = .invalid(code: 3, message: "Invalid JSON: expected value at line 1 column 1")
            return
        }
        let id = raw.id ?? .null
        let names = (raw.params ?? []).compactMap { if case .text(let name) = $0 { name } else { nil } }
        switch raw.method {
        case "SUBSCRIBE": self = .subscribe(names, id: id)
        case "UNSUBSCRIBE": self = .unsubscribe(names, id: id)
        case "LIST_SUBSCRIPTIONS": self = .listSubscriptions(id: id)
        case "SET_PROPERTY":
            guard let params = raw.params, params.count == 2, case .text("combined") = params[0],
                case .flag(let value) = params[1]
            else {
                self = .invalid(code: 0, message: "Unknown property")
                return
            }
            self = .setCombined(value, id: id)
        default:
            self = .invalid(
                code: 2,
                message: "Invalid request: unknown variant \(raw.method.prefix(40)), expected one of SUBSCRIBE, "
                    + "UNSUBSCRIBE, LIST_SUBSCRIPTIONS, SET_PROPERTY, GET_PROPERTY at line 1 column 12")
        }
    }
}

/// The id that an answer repeats.
enum CommandID: Equatable, Decodable {
    case number(Int64)
    case text(String)
    case null

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let number = try? container.decode(Int64.self) {
            self = .number(number)
        } else {
            self = .text(try container.decode(String.self))
        }
    }

    func write(into text: inout [UInt8]) {
        switch self {
        case .number(let number): text.write(number)
        case .text(let name): text.write(quoted: name)
        case .null: text.write("null")
        }
    }
}
