/// The machine: descriptors, kernel limits, disks.
extension Doctor {
    /// Descriptors beside those of connections: files, the spool, pages, requests.
    private static let otherDescriptors = 256
    /// Bytes that a socket should be able to hold while a loop is busy: some tens of milliseconds of a busy connection.
    private static let receiveBytes = 4 << 20
    /// Less free space fills up within minutes of an outage.
    private static let leastFree = 100 << 20

    var system: [DoctorFinding] {
        [self.descriptors, self.receiveBuffer, self.backlog].compactMap(\.self)
    }

    /// During a rotation each connection has two sockets.
    private var descriptors: DoctorFinding? {
        guard let limit = self.settings.facts.descriptors else { return nil }
        let connections = CollectionPlan(self.configuration).connections.count
        let needed = 2 * connections + Self.otherDescriptors
        let text = "\(limit.soft) descriptors allowed, about \(needed) needed for \(connections) connections"
        guard limit.soft < UInt64(needed) else { return DoctorFinding(.system, "descriptors", .ok, text) }
        return DoctorFinding(
            .system, "descriptors", .broken, text,
            advice: "raise it to \(2 * needed): LimitNOFILE= in the service, or ulimit -n (at most \(limit.hard) now)")
    }

    private var receiveBuffer: DoctorFinding? {
        let name = "net/ipv4/tcp_rmem"
        guard let most = self.settings.facts.kernel(name).last else { return nil }
        let text = "a socket holds at most \(HumanNumber.bytes(ByteSize(most))) that is not read yet"
        guard most < Self.receiveBytes else { return DoctorFinding(.system, "net.ipv4.tcp_rmem", .ok, text) }
        return DoctorFinding(
            .system, "net.ipv4.tcp_rmem", .warning, text,
            advice: "venues drop slow readers: sysctl net.ipv4.tcp_rmem=\"4096 131072 6291456\"")
    }

    private var backlog: DoctorFinding? {
        guard self.configuration.http.enabled, let most = self.settings.facts.kernel("net/core/somaxconn").first
        else { return nil }
        let text = "\(most) connections to the pages may wait to be accepted"
        return most >= 128
            ? DoctorFinding(.system, "net.core.somaxconn", .ok, text)
            : DoctorFinding(.system, "net.core.somaxconn", .warning, text, advice: "sysctl net.core.somaxconn=4096")
    }

    // MARK: - Disks

    var disks: [DoctorFinding] {
        let state = self.configuration.stateDirectory
        var findings = [self.disk("state_directory", state, wanted: Self.leastFree)]
        if self.configuration.spool.enabled {
            let spool = self.configuration.spool.directory ?? state + "/spool"
            findings.append(self.disk("spool", spool, wanted: self.configuration.spool.bytes.bytes))
        }
        return findings
    }

    private func disk(_ name: String, _ folder: String, wanted: Int) -> DoctorFinding {
        let subject = "\(name) \(folder)"
        // What is not there yet is made in the nearest folder above.
        var nearest = folder
        var found = self.settings.facts.disk(nearest)
        while found == nil, nearest != "/", nearest != "." {
            let parent = nearest.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
                separator: "/")
            nearest = parent.isEmpty ? (folder.hasPrefix("/") ? "/" : ".") : parent
            found = self.settings.facts.disk(nearest)
        }
        guard let found else { return DoctorFinding(.disk, subject, .broken, "no folder that it could be made in") }
        let free = "\(HumanNumber.bytes(ByteSize(found.free))) free"
        guard found.isWritable else {
            return DoctorFinding(
                .disk, subject, .broken, "\(nearest) cannot be written to by this user",
                advice: "give it to the user that collects: chown, or StateDirectory= in the service")
        }
        guard found.free >= Self.leastFree else {
            return DoctorFinding(
                .disk, subject, .broken, "\(free): the disk is full or nearly so",
                advice: "free space: what waits for NATS would be lost within minutes")
        }
        guard found.free >= wanted else {
            return DoctorFinding(
                .disk, subject, .warning, "\(free), less than the \(HumanNumber.bytes(ByteSize(wanted))) it may take",
                advice: "free space, or lower spool.bytes")
        }
        return DoctorFinding(.disk, subject, .ok, free)
    }
}
