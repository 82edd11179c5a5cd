import FoundationEssentials

/// Reads OKX's lists of archives: `{"code":"0","data":[{"details":[{"instFamily":"BTC-USDT","groupDetails":[…]}]}]}`.
enum OKXArchiveList {
    /// Gives the address of the file of a day; nil where the list has none.
    ///
    /// - Parameters:
    ///   - subject: The instrument on spot, its family elsewhere.
    ///   - day: As the files are named by it: `2026-10-07`.
    ///   - rows: The day's milliseconds.
    static func address(
        _ body: [UInt8], of subject: String, type: String, day: String, rows: Range<Int64>
    ) throws(UnreadableAnswer) -> String? {
        let list: OKXList<Entry>
        do {
            list = try JSONDecoder().decode(OKXList<Entry>.self, from: Data(body))
        } catch {
            throw UnreadableAnswer("market-data-history: \(error)")
        }
        guard list.code == "0", let data = list.data else {
            throw UnreadableAnswer("market-data-history: code \(list.code)")
        }
        let groups = data.compactMap(\.entry).flatMap { $0.details ?? [] }
        for group in groups where group.isOf(subject, type) {
            let file = group.groupDetails?.first { file in
                // A file without a time is told by its name.
                file.dateTs.flatMap { Int64($0) }.map(rows.contains) ?? (file.filename?.contains(day) ?? false)
            }
            if let url = file?.url, url.hasPrefix("https://") || url.hasPrefix("http://") { return url }
        }
        return nil
    }

    private struct Entry: Decodable {
        let details: [Group]?
    }

    private struct Group: Decodable {
        let instId: String?
        let instFamily: String?
        let instType: String?
        let groupDetails: [File]?

        /// Rates of all swaps stand in one file, which belongs to no family.
        func isOf(_ subject: String, _ type: String) -> Bool {
            guard self.instType.map({ $0.isEmpty || $0 == type }) ?? true else { return false }
            let names = [self.instId, self.instFamily].compactMap { $0 }.filter { !$0.isEmpty && $0 != "ANY" }
            return names.isEmpty || names.contains(subject)
        }
    }

    private struct File: Decodable {
        let filename: String?
        let dateTs: String?
        let url: String?
    }
}
