import Venues

extension Configuration {
    /// The keys that differ from an earlier configuration and that only a new start can follow.
    func restartKeys(since former: Configuration) -> [String] {
        var keys: [String] = []
        func compare<Value: Equatable>(_ name: String, _ value: KeyPath<Configuration, Value>) {
            if self[keyPath: value] != former[keyPath: value] { keys.append(name) }
        }
        compare("instance", \.instance)
        compare("state_directory", \.stateDirectory)
        compare("books", \.books)
        compare("transport", \.transport)
        compare("limits", \.limits)
        compare("nats", \.nats)
        compare("queue", \.queue)
        compare("spool", \.spool)
        compare("http", \.http)
        compare("log", \.log)
        compare("heartbeat", \.heartbeat)
        compare("simulator", \.simulator)
        return keys
    }
}
