/// Which of OKX's public connections an address asks for.
enum OKXPath: Equatable {
    case main, business

    init?(_ path: String) {
        switch path {
        case "/ws/v5/public": self = .main
        case "/ws/v5/business": self = .business
        default: return nil
        }
    }
}
