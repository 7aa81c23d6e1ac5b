import Testing

@testable import HTTPClient

@Suite struct `Blocks of addresses` {
  @Test(arguments: [
    ("10.0.0.0/8", "10.0.0.0/8"), ("10.1.2.3/8", "10.0.0.0/8"), ("10.1.2.3", "10.1.2.3/32"),
    ("0.0.0.0/0", "0.0.0.0/0"),
    ("192.168.1.128/25", "192.168.1.128/25"), ("FD00::/8", "fd00::/8"), ("::1", "::1/128"), ("::/0", "::/0"),
    ("2001:db8:ffff::/33", "2001:db8:8000::/33"), ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
    ("::ffff:1.2.3.4", "1.2.3.4/32"),
  ])
  func `a text is read and written in one form`(text: String, form: String) {
    #expect(CIDR(text)?.description == form)
  }

  @Test(arguments: [
    "", "/", "10.0.0.0/", "/8", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/08", "10.0.0.0/8/8",
    "10.0.0/8",
    "10.0.0.0 /8", "10.0.0.256/8", "::1/129", "fe80::1%eth0/64", "[::1]/128", "host/8", "::ffff:10.0.0.0/64",
    "0x7f.0.0.1",
    "010.0.0.1", "10.0.0.0/8\0",
  ])
  func `anything else is not a block`(text: String) {
    #expect(CIDR(text) == nil)
  }

  @Test(arguments: [
    ("10.0.0.0/8", "10.255.255.255", true), ("10.0.0.0/8", "11.0.0.0", false),
    ("10.0.0.0/8", "9.255.255.255", false),
    ("10.0.0.4/32", "10.0.0.4", true), ("10.0.0.4/32", "10.0.0.5", false),
    ("0.0.0.0/0", "255.255.255.255", true),
    ("0.0.0.0/0", "::1", false), ("::/0", "1.1.1.1", false), ("10.0.0.0/8", "::ffff:10.1.1.1", true),
    ("fe80::/10", "febf:ffff::1", true), ("fe80::/10", "fec0::", false), ("::1/128", "::1", true),
    ("::1/128", "::2", false),
    ("2001:db8::/127", "2001:db8::1", true), ("2001:db8::/127", "2001:db8::2", false),
  ])
  func `a block holds what shares its prefix`(block: String, address: String, isInside: Bool) throws {
    #expect(try #require(CIDR(block)).contains(try #require(IPAddress(address))) == isInside)
  }
}
