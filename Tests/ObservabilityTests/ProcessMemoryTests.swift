import Glibc
import Testing

@testable import Observability

@Suite("The process' memory, descriptors and sockets", .serialized)
struct ProcessMemoryTests {
    @Test("A listening socket of ours is found in its state")
    func listener() throws {
        let before = ProcessMemory.read()
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        #expect(listen(descriptor, 1) == 0)
        let during = ProcessMemory.read()
        close(descriptor)
        let after = ProcessMemory.read()
        let counts = [before, during, after].map { $0.sockets[.listen, default: 0] }
        #expect(counts[1] == counts[0] + 1)
        #expect(counts[2] == counts[0])
    }

    @Test("Memory that is touched shows up in the resident set")
    func resident() throws {
        let before = try #require(ProcessMemory.residentBytes())
        let bytes = 64 << 20
        let memory = try #require(mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
        try #require(memory != MAP_FAILED)
        memset(memory, 1, bytes)
        let during = try #require(ProcessMemory.read().residentBytes)
        munmap(memory, bytes)
        #expect(during - before > bytes / 2)
        #expect(ProcessMemory.read().virtualBytes ?? 0 > during)
    }

    @Test("The kernel's table is counted by state, for own inodes only; odd lines are passed over")
    func table() {
        let table = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 11 1 0 100 0 0 10 0
               1: 0100007F:1F91 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 12 1 0 20 4 30 10 -1
               2: 0100007F:1F92 0100007F:1F90 08 00000000:00000000 00:00000000 00000000  1000        0 13
               3: 0100007F:1F93 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 99 1
               4: 0100007F:1F93 0100007F:1F90 FF 00000000:00000000 00:00000000 00000000  1000        0 11 1
               5: 0100007F short
            """
        var counts: [TCPState: Int] = [:]
        TCPTable.count(Array(table.utf8), inodes: [11, 12, 13], into: &counts)
        #expect(counts == [.listen: 1, .established: 1, .closeWait: 1])
    }

    @Test(
        "A descriptor's link names a socket or does not",
        arguments: [
            ("socket:[123]", UInt64(123)), ("pipe:[123]", nil), ("socket:[]", nil), ("socket:[12", nil), ("", nil),
        ])
    func links(link: String, inode: UInt64?) {
        #expect(ProcessMemory.socketInode(link.utf8) == inode)
    }
}
