import HTTPClient
import Testing

@testable import Brain

@Suite struct PageTextTests {
  @Test(arguments: [
    ("<title> A &amp; B </title><p>One<p>Two", "A & B\n\nOne\n\nTwo"),
    ("<h1>Head</h1>text <b>bold</b>\n\n  more<br>next", "Head\n\ntext bold more\nnext"),
    ("a<script>if (a < b) '</b>'; <!-- </script>b", "ab"),
    ("a<style>p{}</style><noscript>no</noscript>b", "ab"),
    ("a<svg><svg><title>x</title></svg><text>y</text></svg>b", "ab"),
    ("<ul><li>one<li>two</ul>", "- one\n- two"),
    ("<table><tr><td>1<td>2<tr><td>3<td>4</table>", "1 | 2\n3 | 4"),
    ("<pre>a\n  b\tc</pre> x   y", "a\n  b\tc\nx y"),
    ("<!DOCTYPE html><!-- a > b --><?xml?>text", "text"),
    ("1 < 2 && 3 > 2 &amp &unknown; &lt;b&gt;", "1 < 2 && 3 > 2 &amp &unknown; <b>"),
    ("&#65;&#x42;&#x1F600;&#0;&#xD800;&#99999999;&eacute;&hellip;", "AB😀\u{FFFD}\u{FFFD}\u{FFFD}é…"),
    ("<a href=\"x>y\" title='<p>'>link</a>", "link"),
    ("<p class=a\"b>text</p>", "text"),
    ("unclosed <b", "unclosed"), ("<script>never closed", ""), ("<!-- never closed", ""), ("", ""),
    ("<", "<"),
    ("<SCRIPT>x</Script>ok<scripty>y</scripty>", "oky"),
    ("<title>first</title><body><title>second</title>", "first\n\nsecond"),
  ])
  func `a page becomes its text`(html: String, text: String) {
    #expect(PageText.of(html) == text)
  }

  // The same work per byte, whatever the page does: ten times as long takes about ten times the time.
  @Test(arguments: ["<", "&#", "a", "‹"])
  func `a page takes little more time than a look at each of its bytes`(piece: String) {
    let page = String(repeating: piece, count: (1 << 20) / piece.utf8.count)
    func best(_ body: () -> Void) -> Duration {
      (1...3).map { _ in ContinuousClock().measure(body) }.min() ?? .zero
    }
    var count = 0
    let look = best { for byte in Array(page.utf8) where byte == 0x26 { count += 1 } }
    #expect(best { _ = PageText.of(page) } < look * 10)
    #expect(count == (piece == "&#" ? 3 << 19 : 0))
  }

  @Test(arguments: ["<", "<a ", "<script>", "&", "&#x", "<!--", "<a b='", "</", "<svg>", "<td>"])
  func `a hostile page takes no longer than its length`(piece: String) {
    func time(_ count: Int) -> Duration {
      let page = String(repeating: piece, count: count)
      return ContinuousClock().measure { _ = PageText.of(page) }
    }
    let short = time(2000)
    // A quadratic reader would need ten thousand times as long.
    #expect(time(200_000) < max(short, .milliseconds(1)) * 2000)
  }

  @Test(arguments: [
    ("text/html; charset=utf-8", "<p>é", "é"), ("text/plain", "<p>é", "<p>é"),
    ("application/json", "{}", "{}"),
    ("application/ld+json", "{}", "{}"), ("", "  <!DOCTYPE html><p>x", "x"), ("", "plain", "plain"),
    ("TEXT/HTML", "<p>x", "x"),
  ])
  func `what is text is shown`(type: String, body: String, text: String) throws {
    let headers = HTTPClient.Headers(type.isEmpty ? [] : [("Content-Type", type)])
    let response = HTTPClient.Response(status: 200, headers: headers, body: Array(body.utf8))
    #expect(try WebPage.content(of: response) == text)
  }

  @Test(arguments: ["text/html; charset=ISO-8859-1", "text/html"])
  func `the old western encoding is read`(type: String) throws {
    let body = Array("<meta charset=\"iso-8859-1\"><p>caf".utf8) + [0xE9]
    let response = HTTPClient.Response(status: 200, headers: .init([("Content-Type", type)]), body: body)
    #expect(try WebPage.content(of: response) == "café")
  }

  @Test(arguments: [
    ("image/png", "image/png"), ("application/pdf; x=y", "application/pdf"), ("", "data of no named type"),
  ])
  func `what is no text is refused`(type: String, named: String) {
    let headers = HTTPClient.Headers(type.isEmpty ? [] : [("Content-Type", type)])
    let response = HTTPClient.Response(status: 200, headers: headers, body: [0, 1])
    let error = #expect(throws: WebError.self) { try WebPage.content(of: response) }
    #expect(
      error?.description
        == "unsupported_content_type: The address holds \(named), and only text can be shown.")
  }

  @Test func `a long page is cut, and says so`() {
    #expect(WebPage.cut("äöü", 3) == "äöü")
    #expect(WebPage.cut("äöüx", 3) == "äöü\n[… cut after 3 of 4 characters …]")
    #expect(WebPage.cut("", 3) == "(the page holds no text)")
  }
}
