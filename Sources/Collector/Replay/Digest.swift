import CCrypto
import CZlib

/// SHA-256 of text that arrives in pieces, by the system's libcrypto.
struct SHA256Digest: ~Copyable {
    private let context: OpaquePointer?

    init() {
        self.context = EVP_MD_CTX_new()
        EVP_DigestInit_ex(self.context, EVP_sha256(), nil)
    }

    deinit {
        EVP_MD_CTX_free(self.context)
    }

    mutating func update(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            _ = EVP_DigestUpdate(self.context, bytes.baseAddress, bytes.count)
        }
    }

    /// Gives the digest in hexadecimal.
    mutating func finish() -> String {
        var bytes = [UInt8](repeating: 0, count: 32)
        var count: UInt32 = 0
        EVP_DigestFinal_ex(self.context, &bytes, &count)
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}

/// CRC-32 as zlib computes it, chained over pieces.
struct ChainedCRC32 {
    private(set) var value: UInt = 0

    mutating func update(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            self.value = crc32(self.value, bytes.baseAddress, UInt32(bytes.count))
        }
    }

    var hexadecimal: String {
        let text = String(self.value, radix: 16)
        return String(repeating: "0", count: max(0, 8 - text.count)) + text
    }
}
