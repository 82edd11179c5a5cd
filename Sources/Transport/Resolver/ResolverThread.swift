internal import CLibwebsockets
internal import Glibc

/// A thread that serves a resolver's queue until the resolver stops.
enum ResolverThread {
    private final class Launch {
        let core: ResolverCore

        init(core: ResolverCore) {
            self.core = core
        }
    }

    /// Starts one; a system that has no thread left leaves the requests to their deadlines.
    static func start(core: ResolverCore) {
        let launch = Unmanaged.passRetained(Launch(core: core))  // taken by the thread
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let core = Unmanaged<Launch>.fromOpaque(argument).takeRetainedValue().core
                clws_name_thread("resolver")
                while core.serveNext() {}
                return nil
            }, launch.toOpaque())
        pthread_sigmask(SIG_SETMASK, &before, nil)
        guard code == 0 else {
            launch.release()
            return
        }
        pthread_detach(thread)
    }
}

/// The system's own answers about names.
enum SystemLookup {
    /// Whether `host` is an address already.
    static func isNumeric(_ host: String) -> Bool {
        var four = in_addr()
        var six = in6_addr()
        return inet_pton(AF_INET, host, &four) == 1 || inet_pton(AF_INET6, host, &six) == 1
    }

    /// Asks `getaddrinfo`; blocks as long as the name servers do.
    static func addresses(of host: String) -> Result<[String], ResolveError> {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &list)
        guard code == 0 else { return .failure(.refused(code: code)) }
        defer { freeaddrinfo(list) }
        var addresses: [String] = []
        var next = list
        while let entry = next, addresses.count < 32 {
            next = entry.pointee.ai_next
            guard let text = Self.text(of: entry.pointee), !addresses.contains(text) else { continue }
            addresses.append(text)
        }
        return addresses.isEmpty ? .failure(.refused(code: EAI_NONAME)) : .success(addresses)
    }

    private static func text(of entry: addrinfo) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(NI_MAXHOST)) { buffer in
            buffer.initialize(repeating: 0)
            guard let base = buffer.baseAddress else { return nil }
            let code = getnameinfo(
                entry.ai_addr, entry.ai_addrlen, base, socklen_t(buffer.count), nil, 0, NI_NUMERICHOST)
            return code == 0 ? String(cString: base) : nil
        }
    }
}
