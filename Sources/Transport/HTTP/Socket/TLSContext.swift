internal import CLibwebsockets
internal import Glibc

/// TLS settings shared by many connections: what is trusted, or what is shown.
///
/// It uses the TLS library that libwebsockets is built on, on the same threads. That library keeps a queue of errors
/// for each thread, so every call here starts and ends with an empty one.
final class TLSContext {
    fileprivate let pointer: OpaquePointer

    private init(method: OpaquePointer?, context: String) throws(TransportError) {
        guard let pointer = SSL_CTX_new(method) else { throw TransportError(.certificate, context) }
        self.pointer = pointer
        // Partial writes from a buffer that may have moved since the last attempt.
        let mode = Int(SSL_MODE_ENABLE_PARTIAL_WRITE) | Int(SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER)
        SSL_CTX_ctrl(pointer, SSL_CTRL_MODE, mode, nil)
        SSL_CTX_ctrl(pointer, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_2_VERSION), nil)
    }

    deinit {
        SSL_CTX_free(self.pointer)
    }

    /// Trusts the system's certificate authorities, or those in `caFile` (PEM) instead.
    static func client(caFile: String?) throws(TransportError) -> TLSContext {
        let context = try TLSContext(method: TLS_client_method(), context: "TLS client")
        ERR_clear_error()
        let ok =
            caFile.map { SSL_CTX_load_verify_locations(context.pointer, $0, nil) }
            ?? SSL_CTX_set_default_verify_paths(context.pointer)
        guard ok == 1 else { throw TransportError(.certificate, "CA file \(caFile ?? "-"): \(takeTLSError())") }
        SSL_CTX_set_verify(context.pointer, SSL_VERIFY_PEER, nil)
        return context
    }

    /// Shows the certificate chain in `certificateFile` and proves it with the key in `keyFile`, both PEM.
    static func server(certificateFile: String, keyFile: String) throws(TransportError) -> TLSContext {
        let context = try TLSContext(method: TLS_server_method(), context: "TLS server")
        ERR_clear_error()
        guard SSL_CTX_use_certificate_chain_file(context.pointer, certificateFile) == 1 else {
            throw TransportError(.certificate, "certificate \(certificateFile): \(takeTLSError())")
        }
        guard SSL_CTX_use_PrivateKey_file(context.pointer, keyFile, SSL_FILETYPE_PEM) == 1,
            SSL_CTX_check_private_key(context.pointer) == 1
        else { throw TransportError(.certificate, "key \(keyFile): \(takeTLSError())") }
        return context
    }
}

/// TLS on one descriptor.
final class TLSSession {
    enum Outcome {
        case done(Int)
        case wantsRead, wantsWrite
        /// The other side ended the session, politely.
        case ended
        case failed(String)
    }

    private let pointer: OpaquePointer
    private let context: TLSContext

    /// Prepares a session for `descriptor`, which stays the caller's to close.
    ///
    /// - Parameter serverName: The name that the certificate must carry, a host name or an address; nil on the
    ///   server's side.
    init?(context: TLSContext, descriptor: Int32, serverName: String?) {
        ERR_clear_error()
        guard let pointer = SSL_new(context.pointer) else { return nil }
        self.pointer = pointer
        self.context = context
        guard SSL_set_fd(pointer, descriptor) == 1 else { return nil }
        guard let serverName else {
            SSL_set_accept_state(pointer)
            return
        }
        SSL_set_connect_state(pointer)
        let alpn = [UInt8(8)] + Array("http/1.1".utf8)
        SSL_set_alpn_protos(pointer, alpn, UInt32(alpn.count))
        if isAddressLiteral(serverName) {
            guard X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(pointer), serverName) == 1 else { return nil }
        } else {
            guard SSL_set1_host(pointer, serverName) == 1 else { return nil }
            var name = Array(serverName.utf8CString)
            SSL_ctrl(pointer, SSL_CTRL_SET_TLSEXT_HOSTNAME, Int(TLSEXT_NAMETYPE_host_name), &name)
        }
    }

    deinit {
        SSL_free(self.pointer)
    }

    /// Bytes decrypted but not read yet: no readiness of the descriptor will announce them.
    var hasBufferedInput: Bool { SSL_has_pending(self.pointer) == 1 }

    func handshake() -> Outcome {
        self.run { SSL_do_handshake($0) }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
        self.run { SSL_read($0, buffer.baseAddress, Int32(clamping: buffer.count)) }
    }

    func write(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        self.run { SSL_write($0, bytes.baseAddress, Int32(clamping: bytes.count)) }
    }

    /// Says goodbye, as far as the descriptor takes it at once.
    func sendClosure() {
        _ = self.run { SSL_shutdown($0) }
    }

    private func run(_ call: (OpaquePointer) -> Int32) -> Outcome {
        ERR_clear_error()
        let result = call(self.pointer)
        if result > 0 { return .done(Int(result)) }
        let code = errno
        switch SSL_get_error(self.pointer, result) {
        case SSL_ERROR_WANT_READ: return .wantsRead
        case SSL_ERROR_WANT_WRITE: return .wantsWrite
        case SSL_ERROR_ZERO_RETURN: return .ended
        case SSL_ERROR_SYSCALL: return .failed(code == 0 ? "connection ended" : errnoText(code))
        default:
            let verification = SSL_get_verify_result(self.pointer)
            let text = takeTLSError()
            guard verification != Int(X509_V_OK), let reason = X509_verify_cert_error_string(verification) else {
                return .failed(text)
            }
            return .failed("\(text): \(String(cString: reason))")
        }
    }
}

/// Takes the latest error out of this thread's queue and empties it.
private func takeTLSError() -> String {
    defer { ERR_clear_error() }
    let code = ERR_peek_last_error()
    guard code != 0 else { return "no reason given" }
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
        guard let base = buffer.baseAddress else { return "\(code)" }
        ERR_error_string_n(code, base, buffer.count)
        return String(cString: base)
    }
}
