/// What a request is for, as faults can be limited to it.
enum RequestScope {
    /// A question to a venue's REST, by its path.
    case rest(String)
    /// A file, by its path.
    case archive(String)

    var isArchive: Bool {
        if case .archive = self { true } else { false }
    }

    /// Whether a fault that was ordered for this is for the request: `rest`, `archive`, or a path.
    func matches(_ name: String) -> Bool {
        switch self {
        case .rest(let path): name == "rest" || name == path
        case .archive(let path): name == "archive" || name == path
        }
    }
}
