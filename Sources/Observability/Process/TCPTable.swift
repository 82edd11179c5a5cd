/// The states of TCP sockets, by the kernel's numbers.
///
/// Numbers: `include/net/tcp_states.h` of Linux.
package enum TCPState: UInt8, CaseIterable, Hashable, Sendable {
    case established = 1
    case synSent, synReceived, finWait1, finWait2, timeWait, close, closeWait, lastACK, listen, closing, newSynReceived

    /// The name as in `ss` and metrics.
    package var name: String {
        switch self {
        case .established: "established"
        case .synSent: "syn_sent"
        case .synReceived: "syn_recv"
        case .finWait1: "fin_wait1"
        case .finWait2: "fin_wait2"
        case .timeWait: "time_wait"
        case .close: "close"
        case .closeWait: "close_wait"
        case .lastACK: "last_ack"
        case .listen: "listen"
        case .closing: "closing"
        case .newSynReceived: "new_syn_recv"
        }
    }
}

/// Reads the kernel's table of TCP sockets, `/proc/self/net/tcp` or `tcp6`.
///
/// Columns: <https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html>; the state is the fourth, in
/// hexadecimal, the inode the tenth.
enum TCPTable {
    /// Adds the sockets of `inodes` to `counts`; lines of any other shape are passed over.
    static func count(_ table: [UInt8], inodes: Set<UInt64>, into counts: inout [TCPState: Int]) {
        for line in table.split(separator: UInt8(ascii: "\n")).dropFirst() {
            let columns = line.split(separator: UInt8(ascii: " "), maxSplits: 10)
            guard columns.count >= 10,
                let inode = UInt64(String(decoding: columns[9], as: UTF8.self)), inodes.contains(inode),
                let number = UInt8(String(decoding: columns[3], as: UTF8.self), radix: 16),
                let state = TCPState(rawValue: number)
            else { continue }
            counts[state, default: 0] += 1
        }
    }
}
