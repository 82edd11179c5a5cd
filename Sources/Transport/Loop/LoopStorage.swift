internal import CLibwebsockets
internal import Glibc

/// Memory that the library keeps pointers into; freed with the loop's context.
final class LoopStorage {
    /// The cell behind `lws_context_user`, set once the context object exists.
    private let cell: UnsafeMutablePointer<UnsafeMutableRawPointer?>
    private let mutablePolicy: UnsafeMutablePointer<lws_retry_bo_t>
    private var strings: [UnsafeMutablePointer<CChar>] = []
    private var protocolTables: [UnsafeMutablePointer<lws_protocols>] = []
    private var acceptors: [LoopAcceptor] = []
    private var others: [UnsafeMutableRawPointer] = []

    init() {
        self.cell = .allocate(capacity: 1)
        self.cell.initialize(to: nil)
        self.mutablePolicy = .allocate(capacity: 1)
        self.mutablePolicy.initialize(to: lws_retry_bo_t())
    }

    /// The table of permessage-deflate's parameters, made when first asked for.
    private(set) lazy var deflateOptions: UnsafePointer<lws_ext_options> = {
        let options = DeflateExtension.Option.allCases
        let table = UnsafeMutablePointer<lws_ext_options>.allocate(capacity: options.count + 1)
        table.initialize(repeating: lws_ext_options(), count: options.count + 1)
        for (index, option) in options.enumerated() {
            table[index].name = option.name.cString
            table[index].type = option.type
        }
        self.others.append(UnsafeMutableRawPointer(table))
        return UnsafePointer(table)
    }()

    /// The table of extensions that a client vhost offers: permessage-deflate alone.
    private(set) lazy var deflateExtensions: UnsafePointer<lws_extension> = {
        let table = UnsafeMutablePointer<lws_extension>.allocate(capacity: 2)
        table.initialize(repeating: lws_extension(), count: 2)
        table[0].name = DeflateExtension.name.cString
        table[0].client_offer = DeflateExtension.offer.cString
        table[0].callback = { _, _, wsi, reason, user, input, _ in
            DeflateExtension.callback(wsi, reason, user, input)
        }
        self.others.append(UnsafeMutableRawPointer(table))
        return UnsafePointer(table)
    }()

    deinit {
        for table in self.others { table.deallocate() }
        self.cell.deallocate()
        self.mutablePolicy.deallocate()
        for string in self.strings { free(string) }
        for table in self.protocolTables { table.deallocate() }
    }

    /// What the context is created with as its user pointer.
    var owner: UnsafeMutableRawPointer { UnsafeMutableRawPointer(self.cell) }

    /// A policy of zeros: no pings, no hang-up.
    var policy: UnsafePointer<lws_retry_bo_t> { UnsafePointer(self.mutablePolicy) }

    func setOwner(_ context: LoopContext?) {
        self.cell.pointee = context.map { Unmanaged.passUnretained($0).toOpaque() }
    }

    /// Finds the loop that a library context belongs to.
    static func owner(of context: OpaquePointer?) -> LoopContext? {
        guard let context, let cell = lws_context_user(context),
            let owner = cell.assumingMemoryBound(to: UnsafeMutableRawPointer?.self).pointee
        else { return nil }
        return Unmanaged<LoopContext>.fromOpaque(owner).takeUnretainedValue()
    }

    func keep(_ text: String) -> UnsafePointer<CChar>? {
        guard let copy = strdup(text) else { return nil }
        self.strings.append(copy)
        return UnsafePointer(copy)
    }

    /// A table of one protocol whose callback is ours, ended by an empty one.
    func makeProtocols(acceptor: LoopAcceptor?, receiveBufferBytes: Int) -> UnsafeMutablePointer<lws_protocols> {
        let table = UnsafeMutablePointer<lws_protocols>.allocate(capacity: 2)
        table.initialize(repeating: lws_protocols(), count: 2)
        self.protocolTables.append(table)
        table[0].name = LoopContext.protocolName.cString
        table[0].callback = { wsi, reason, _, input, length in loopDispatch(wsi, reason, input, length) }
        table[0].rx_buffer_size = receiveBufferBytes
        if let acceptor {
            self.acceptors.append(acceptor)
            table[0].user = Unmanaged.passUnretained(acceptor).toOpaque()
        }
        return table
    }
}

extension StaticString {
    /// The text as C reads it; the literal itself ends in a zero.
    var cString: UnsafePointer<CChar> {
        UnsafeRawPointer(self.utf8Start).assumingMemoryBound(to: CChar.self)
    }
}
