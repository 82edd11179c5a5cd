/// Certificates of the connection to NATS.
package struct TLSSettings: Hashable, Sendable {
    package var caFile: String?
    package var certificateFile: String?
    package var keyFile: String?

    package init() {}

    static var fields: [SettingField<TLSSettings>] {
        [
            .optional("ca_file", \.caFile, .path, "Certificates to trust instead of the system's."),
            .optional("certificate_file", \.certificateFile, .path, "Our own certificate, where the server wants one."),
            .optional("key_file", \.keyFile, .path, "The key of our own certificate."),
        ]
    }
}
