/// A fault on purpose: a check that has never failed has shown nothing.
enum PlantedFuzz {
    static func run(_ input: UnsafeRawBufferPointer) {
        require(Self.sum(input) < 256, "a sum that is none")
    }

    @inline(never)
    private static func sum(_ input: UnsafeRawBufferPointer) -> Int {
        guard input.count == 3, input[0] == UInt8(ascii: "f") else { return 0 }
        // An addition that need not fit, which is what our own code would stop at.
        return Int(input[1] + input[2])
    }
}
