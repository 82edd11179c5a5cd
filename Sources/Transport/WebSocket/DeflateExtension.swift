internal import CLibwebsockets

/// permessage-deflate as the library's extension interface wants it: negotiates, and passes payload through.
///
/// The library's own extension spins on uncompressed frames and aborts on exact fits, so frames are inflated
/// after it, by `MessageInflater`.
enum DeflateExtension {
    /// The parameters of RFC 7692, in the order of the option table.
    enum Option: Int32, CaseIterable {
        case serverForgets, clientForgets, serverWindow, clientWindow

        var name: StaticString {
            switch self {
            case .serverForgets: "server_no_context_takeover\0"
            case .clientForgets: "client_no_context_takeover\0"
            case .serverWindow: "server_max_window_bits\0"
            case .clientWindow: "client_max_window_bits\0"
            }
        }

        var type: lws_ext_options_types {
            switch self {
            case .serverForgets, .clientForgets: EXTARG_NONE
            case .serverWindow, .clientWindow: EXTARG_OPT_DEC
            }
        }
    }

    static let name: StaticString = "permessage-deflate\0"
    static let offer: StaticString = "permessage-deflate; client_no_context_takeover; client_max_window_bits\0"

    /// Handles one callback of the extension; 0 lets payload pass as it is.
    static func callback(
        _ wsi: OpaquePointer?, _ reason: lws_extension_callback_reasons, _ user: UnsafeMutableRawPointer?,
        _ input: UnsafeMutableRawPointer?
    ) -> Int32 {
        switch reason {
        case LWS_EXT_CB_CLIENT_CONSTRUCT:
            guard let wsi, let data = lws_get_opaque_user_data(wsi), let user, let input else { return -1 }
            let endpoint = Unmanaged<LoopEndpoint>.fromOpaque(data).takeUnretainedValue()
            guard let connection = endpoint as? WebSocketConnection, !connection.isDeflating else { return -1 }
            user.assumingMemoryBound(to: UnsafeMutableRawPointer?.self).pointee = data
            input.assumingMemoryBound(to: UnsafePointer<lws_ext_options>?.self).pointee =
                connection.context.deflateOptions
            connection.deflateAccepted()
        case LWS_EXT_CB_OPTION_SET:
            guard let input, let user,  // what the construction above stored
                let connection = Unmanaged<LoopEndpoint>.fromOpaque(user).takeUnretainedValue() as? WebSocketConnection
            else { return 0 }
            let option = input.assumingMemoryBound(to: lws_ext_option_arg.self).pointee
            let value = option.start.map {
                String(decoding: UnsafeRawBufferPointer(start: $0, count: max(0, Int(option.len))), as: UTF8.self)
            }
            connection.deflateOption(option.option_index, value: value)
        default:
            break  // the payload passes as it is
        }
        return 0
    }
}
