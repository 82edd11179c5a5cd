import Transport

/// One answer gives the same head, body and outcome however its bytes are cut; the first byte chooses the cuts.
enum HTTPFuzz {
    private struct Outcome: Equatable {
        var error: HTTPParseError?
        var statuses: [Int] = []
        var headers: [String] = []
        var body: [UInt8] = []
        var used = 0
        var isDone = false
        var canReuse = false
    }

    static func run(_ input: UnsafeRawBufferPointer) {
        guard let seed = input.first else { return }
        let bytes = UnsafeRawBufferPointer(rebasing: input[1...])
        for isAnswerToHEAD in [false, true] {
            let whole = Self.decode([bytes], isAnswerToHEAD)
            let cut = Self.decode(pieces(of: bytes, seed: seed), isAnswerToHEAD)
            Self.compare(whole, cut)
            require(whole.body.count <= Self.bodyLimit, "a body past its limit")
            require(whole.statuses.count <= 1, "two answers from one decoder")
        }
    }

    private static let bodyLimit = 1_000

    private static func compare(_ whole: Outcome, _ cut: Outcome) {
        // A body past its limit is refused in whole pieces: how much of it came before depends on the cuts.
        if whole.error == .bodyTooLarge {
            require(cut.error == .bodyTooLarge && cut.headers == whole.headers, "\(whole) is not \(cut)")
            return
        }
        require(whole == cut, "\(whole) is not \(cut)")
    }

    private static func decode(_ cuts: [UnsafeRawBufferPointer], _ isAnswerToHEAD: Bool) -> Outcome {
        var decoder = HTTPResponseDecoder(isAnswerToHEAD: isAnswerToHEAD, headLimit: 512, bodyLimit: Self.bodyLimit)
        var outcome = Outcome()
        do throws(HTTPParseError) {
            for cut in cuts {
                outcome.used += try decoder.decode(cut) { event in
                    switch event {
                    case .head(let head):
                        outcome.statuses.append(head.status)
                        outcome.headers += head.headers.map { "\($0.name): \($0.value)" }
                    case .body(let piece): outcome.body.append(contentsOf: piece)
                    }
                }
            }
            outcome.isDone = decoder.isDone
            outcome.canReuse = decoder.canReuseConnection
            try decoder.connectionEnded()
            require(decoder.isDone && !decoder.canReuseConnection, "an ended connection can be used again")
        } catch {
            outcome.error = error
            outcome.used = 0  // what was passed before an error depends on the cuts
        }
        return outcome
    }
}
