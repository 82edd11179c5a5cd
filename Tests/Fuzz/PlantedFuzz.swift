/// A fault on purpose: a check that has never failed has shown nothing.
enum PlantedFuzz {
    static func run(_ input: UnsafeRawBufferPointer) {
        guard input.count == 3, input[0] == UInt8(ascii: "f") else { return }
        // An addition that does not fit: what our own code would stop at.
        _ = input[1] + input[2]
    }
}
