import HTTPClient
import Testing

@Suite struct `What went wrong, in words` {
  typealias Row = (error: HTTPClientError, text: String, mayHaveArrived: Bool, isRetryable: Bool)

  static let rows: [Row] = [
    (
      .invalidRequest("the method is not a word of HTTP."),
      "The request was not sent: the method is not a word of HTTP.", false, false
    ),
    (
      .refused(host: "h:81"), "h:81 refused the connection. Check the port and whether the service runs.",
      false, true
    ),
    (
      .unreachable(host: "h", reason: "the name does not resolve"),
      "h cannot be reached: the name does not resolve. Check the name and this machine's network.", false,
      true
    ),
    (
      .forbiddenAddress(host: "h", address: "10.0.0.1"),
      "h is at 10.0.0.1, which is no public address of another machine. List its block if requests may go there.",
      false,
      false
    ),
    (
      .certificate(host: "h", reason: "expired"), "The certificate of h is not trusted: expired.", false,
      false
    ),
    (.tls(host: "h", reason: "wrong version"), "No secure connection to h: wrong version.", false, true),
    (
      .timedOut(host: "h", .connection, after: .seconds(10)), "h did not accept a connection within 10 s.",
      false, true
    ),
    (.timedOut(host: "h", .head, after: .milliseconds(250)), "h did not answer within 0.25 s.", true, true),
    (
      .timedOut(host: "h", .body, after: .seconds(30)), "h did not finish its answer within 30 s.", true, true
    ),
    (
      .timedOut(host: "h", .anything, after: .seconds(15)),
      "h sent nothing for 15 s, so the request was given up.",
      true, true
    ),
    (.tooLarge(host: "h", limit: 99), "h answered with more than the 99 bytes allowed.", true, false),
    (
      .brokenOff(host: "h", received: 0), "h ended the connection before it sent any of its answer.", true,
      true
    ),
    (
      .brokenOff(host: "h", received: 7),
      "h ended the connection inside its answer, after 7 bytes of the body.", true,
      true
    ),
    (
      .malformed(host: "h", reason: "Weird server reply"), "h did not answer in HTTP: Weird server reply.",
      true, false
    ),
    (.closed, "The request was ended because the program is stopping.", true, false),
    (.failed("out of memory"), "The request could not be made: out of memory.", true, true),
  ]

  @Test(arguments: rows)
  func `each says what happened and whether to try again`(row: Row) {
    #expect("\(row.error)" == row.text)
    #expect(row.error.mayHaveArrived == row.mayHaveArrived)
    #expect(row.error.isRetryable == row.isRetryable)
  }
}
