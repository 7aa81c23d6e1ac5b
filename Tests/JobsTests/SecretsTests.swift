import JSON
import Testing

@testable import Jobs

@Suite("References to secrets")
struct SecretsTests {
  private let secrets = Secrets(environment: ["TOKEN": "t0", "HOST": "example.com", "EMPTY": ""])

  @Test(arguments: [
    ("${env:TOKEN}", "t0"), ("https://${env:HOST}/in?k=${env:TOKEN}", "https://example.com/in?k=t0"),
    ("plain $ {x} $x", "plain $ {x} $x"), ("", ""),
  ])
  func `a reference gives its secret, also inside a text`(text: String, resolved: String) throws {
    #expect(try secrets.resolve(Setting(written: text)) == .string(resolved))
  }

  @Test func `a file's secret comes without its line end`() throws {
    let gallery = try Gallery(["token": "abc\n", "crlf": "abc\r\n"])
    #expect(try secrets.resolve(Setting(written: "<${file:\(gallery.path)/token}>")) == "<abc>")
    #expect(try secrets.resolve(Setting(written: "<${file:\(gallery.path)/crlf}>")) == "<abc>")
    withExtendedLifetime(gallery) {}
  }

  @Test func `every text of a value is resolved, and only texts`() throws {
    let settings: JSON = ["url": "https://${env:HOST}", "list": ["${env:TOKEN}", 1, nil], "flag": true]
    #expect(
      try secrets.resolve(Settings(written: settings)) == [
        "url": "https://example.com", "list": ["t0", 1, nil], "flag": true,
      ])
  }

  @Test(arguments: [
    ("${env:NONE}", "The environment variable NONE is not set. Set it for the server and start that again."),
    (
      "${env:EMPTY}", "The environment variable EMPTY is not set. Set it for the server and start that again."
    ),
    (
      "${file:/no/such}", "The secret's file /no/such cannot be read: No such file or directory."
    ),
    ("${file:/tmp}", "The secret's file /tmp cannot be read: it is a directory."),
    (
      "x${TOKEN}",
      #""${TOKEN}" is no reference. Write ${env:NAME} for an environment variable, or ${file:/path} for a file's content."#
    ),
    (
      "${env:A B}",
      #""${env:A B}" is no reference. Write ${env:NAME} for an environment variable, or ${file:/path} for a file's content."#
    ),
    (
      "${env:TOKEN",
      #""${env:TOKEN" is no reference. Write ${env:NAME} for an environment variable, or ${file:/path} for a file's content."#
    ),
  ])
  func `a reference that leads nowhere says so without showing anything`(text: String, sentence: String) {
    let error = #expect(throws: SecretError.self) { try secrets.resolve(Setting(written: text)) }
    #expect(error?.description == sentence)
  }
}
