/// Whose request a proxy brings.
enum Forwarding {
  /// The client's address: the peer's own, unless the peer is a proxy. Every proxy adds to the end of the list what it
  /// saw, so the list is read from its end, and the first address that is no proxy of ours is the last one that was
  /// seen by somebody who is believed. `X-Forwarded-For` goes before `Forwarded` (RFC 7239): most proxies write the
  /// former and let a client's own `Forwarded` pass.
  static func client(of peer: String, _ headers: HTTPHeaders, isProxy: (String) -> Bool) -> String {
    guard isProxy(peer) else { return peer }
    var hops = headers.all("X-Forwarded-For").flatMap { $0.split(separator: ",") }.map(address)
    if hops.isEmpty { hops = headers.all("Forwarded").flatMap { $0.split(separator: ",") }.map(forwarded) }
    var client = peer
    for hop in hops.reversed() {
      // Something that is no address ends what can be followed.
      guard let hop, AddressBlock(hop) != nil else { break }
      client = hop
      if !isProxy(hop) { break }
    }
    return client
  }

  /// Without brackets, quotation marks and port: `192.0.2.43`, `192.0.2.43:47011`, `"[2001:db8::17]:4711"`.
  private static func address(_ text: Substring) -> String? {
    let bare = text.filter { $0 != " " && $0 != "\t" && $0 != "\"" }
    if bare.first == "[" {
      return bare.firstIndex(of: "]").map { String(bare[bare.index(after: bare.startIndex)..<$0]) }
    }
    let parts = bare.split(separator: ":", omittingEmptySubsequences: false)
    return parts.count == 2 ? String(parts[0]) : String(bare)
  }

  /// The `for` of one element of `Forwarded`.
  private static func forwarded(_ element: Substring) -> String? {
    for pair in element.split(separator: ";") {
      let parts = pair.split(separator: "=", maxSplits: 1)
      if parts.count == 2, parts[0].filter({ $0 != " " }).lowercased() == "for" { return address(parts[1]) }
    }
    return nil
  }
}
