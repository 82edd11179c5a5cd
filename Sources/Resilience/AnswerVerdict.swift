/// What an answer of the other side means for whoever asked, and for everybody in its scope.
package enum AnswerVerdict: Hashable, Sendable {
    case success
    /// Over the limit or banned: nothing may be asked of the scope for so long.
    case rateLimited(retryAfter: Duration?)
    /// The other side failed: the same request may do better later, after the time it gave if it did.
    case unavailable(retryAfter: Duration?)
    /// The same request will be refused again; with the other side's own code where it gave one.
    case refused(code: Int64?)
}
