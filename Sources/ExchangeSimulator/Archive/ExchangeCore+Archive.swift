internal import Transport

extension ExchangeCore {
    /// The segment of an archive that is asked for; every one where there is none of that name.
    func archiveSegments(_ request: HTTPRequest) -> [MarketSegment] {
        self.archiveFile(request).map { [$0.segment] } ?? MarketSegment.allCases
    }

    private func archiveFile(_ request: HTTPRequest) -> ArchiveFile? {
        ArchiveFile(request.path.dropFirst(ArchiveFile.root.count + 1), settings: self.configuration.past)
    }

    /// Answers a request for an archive, `/archive/data/…` of Binance and `/archive/cdn/…` of OKX, on whatever port.
    func respondArchive(_ request: HTTPRequest) -> HTTPResponse {
        let path = request.path
        let file = self.archiveFile(request)
        let segments = file.map { [$0.segment] } ?? MarketSegment.allCases
        let scope = RequestScope.archive(request.path)
        if let refusal = self.archiveRefusal(segments, scope) { return refusal }
        guard request.method == "GET", let file, let log = self.generated[file.segment]?[file.symbol]?.log,
            LoopClock.wallMicroseconds() / 1000 >= file.availableAt
        else { return Self.noSuchFile }
        let zip = file.isChecksum ? String(path.dropLast(9)) : path
        if !file.isChecksum, self.faultHappens(.archiveChanged, segments: segments, scope) { self.shelf.change(zip) }
        guard let content = self.shelf.content(zip, { Self.zip(file, log, changes: $0) }) else {
            return Self.noSuchFile
        }
        if file.isChecksum {
            var sum = content.sha256
            if self.faultHappens(.wrongChecksum, segments: segments, scope) {
                sum = String(sum.dropLast()) + (sum.last == "0" ? "1" : "0")
            }
            return HTTPResponse(contentType: "text/plain", text: "\(sum)  \(file.name).zip\n")
        }
        var response = self.part(of: content, request, segments, scope)
        if self.faultHappens(.slowArchive, segments: segments, scope) {
            response.bodyBytesPerSecond = max(self.configuration.faults.archiveBytesPerSecond, 50)
        }
        if self.faultHappens(.truncatedArchive, segments: segments, scope) {
            response.truncateBodyAt = response.body.count / 2
        }
        return response
    }

    /// The whole file, or the part that is asked for.
    private func part(
        of content: ArchiveContent, _ request: HTTPRequest, _ segments: [MarketSegment], _ scope: RequestScope
    ) -> HTTPResponse {
        let count = content.bytes.count
        var response = HTTPResponse(
            contentType: "application/zip", headers: [("ETag", content.tag), ("Accept-Ranges", "bytes")])
        let range = ByteRange(
            request.header("Range"), condition: request.header("If-Range"), tag: content.tag, count: count)
        guard range != .whole, !self.faultHappens(.rangeIgnored, segments: segments, scope) else {
            response.body = content.bytes
            return response
        }
        if case .part(let part) = range {
            response.status = 206
            response.headers.append(("Content-Range", "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(count)"))
            response.body = Array(content.bytes[part])
        } else {
            response.status = 416
            response.headers.append(("Content-Range", "bytes */\(count)"))
        }
        return response
    }

    private func archiveRefusal(_ segments: [MarketSegment], _ scope: RequestScope) -> HTTPResponse? {
        let wait = [(name: "Retry-After", value: String(self.configuration.faults.retryAfterSeconds))]
        for (fault, status) in [(Fault.serverError, 503), (.rateLimited, 429), (.banned, 418)]
        where self.faultHappens(fault, segments: segments, scope) {
            return HTTPResponse(status: status, contentType: "application/xml", headers: wait, text: "<Error/>")
        }
        return nil
    }

    private static let noSuchFile = HTTPResponse(
        status: 404, contentType: "application/xml", text: "<Error><Code>NoSuchKey</Code></Error>")

    private static func zip(_ file: ArchiveFile, _ log: TradeLog, changes: UInt16) -> [UInt8]? {
        guard file.to > log.past.from else { return nil }
        var zip = ZipFile(file.name + ".csv", level: [6, 1, 9][Int(changes % 3)], modified: changes)
        let hasRows = ArchiveTable(file: file, log: log).write { zip.append($0) }
        return hasRows ? zip.finish() : nil
    }

    // MARK: OKX's list

    /// The archives of instruments for days or months, both ends included, newest first.
    func okxArchives(_ request: HTTPRequest, at now: Int64) -> HTTPResponse {
        guard let module = request.query("module"), ["1", "2", "3"].contains(module) else {
            return self.okxError(400, "50014", "Parameter module can not be empty")
        }
        guard let segment = Self.okxSegment(request.query("instType")), let aggregation = request.query("dateAggrType"),
            ["daily", "monthly"].contains(aggregation), let begin = Self.time(request, "begin"),
            let end = Self.time(request, "end")
        else { return self.okxError(400, "51000", "Parameter error") }
        let isMonth = aggregation == "monthly"
        let offset = ArchiveFile.okxOffset
        let grid: BarGrid = isMonth ? .month : .every(PastMarket.day)
        let starts = grid.edges(from: grid.start(of: begin - offset), through: end - offset, limit: 12).dropLast()
        guard starts.count <= (isMonth ? 10 : 11), end - begin <= (isMonth ? 310 : 10) * PastMarket.day else {
            return self.okxError(400, "50076", "The date range is too long")
        }
        let key = segment == .okxSpot ? "instIdList" : "instFamilyList"
        let wanted = (request.query(key) ?? "").split(separator: ",").map(String.init)
        guard (1...10).contains(wanted.count) else { return self.okxError(400, "51000", "Parameter \(key) error") }
        let host = request.header("Host") ?? "127.0.0.1"
        let symbols = self.symbols(of: segment).filter {
            wanted.contains(segment == .okxSpot ? $0.symbol : $0.family)
        }
        return self.okxData { text in
            text.write("{\"dateAggrType\":\"\(aggregation)\",\"totalSizeMB\":\"0\",\"ts\":\"\(now)\",\"details\":[")
            for (index, symbol) in symbols.enumerated() {
                let dates = starts.reversed().map {
                    (start: $0, date: String(ArchiveFile.date($0).prefix(isMonth ? 7 : 10)))
                }
                let files = dates.filter { start, date in
                    guard let file = ArchiveFile(okx: symbol.symbol, module: module, date: date, isMonth: isMonth),
                        let past = self.generated[segment]?[symbol.symbol]?.log.past
                    else { return false }
                    return now >= file.availableAt && file.to > past.from
                }
                text.write(index == 0 ? "{" : ",{")
                text.write("\"instType\":\"\(segment == .okxSpot ? "SPOT" : "SWAP")\",\"instId\":")
                text.write(quoted: segment == .okxSpot ? symbol.symbol : "")
                text.write(",\"instFamily\":")
                text.write(quoted: segment == .okxSpot ? "" : symbol.family)
                text.write(",\"dateRangeStart\":\"\(begin)\",\"dateRangeEnd\":\"\(end)\",\"groupSizeMB\":\"0\"")
                text.write(",\"groupDetails\":[")
                for (index, (start, date)) in files.enumerated() {
                    guard let file = ArchiveFile(okx: symbol.symbol, module: module, date: date, isMonth: isMonth)
                    else {
                        continue
                    }
                    text.write(index == 0 ? "{" : ",{")
                    text.write("\"dateTs\":\"\(start + offset)\",\"filename\":\"\(file.name).zip\",\"sizeMB\":\"0\"")
                    text.write(",\"url\":\"http://\(host)")
                    text.write(ArchiveFile.okxPath(file.name, module: module, date: date, isMonth: isMonth))
                    text.write("?v=999\"}")
                }
                text.write("]}")
            }
            text.write("]}")
        }
    }
}
