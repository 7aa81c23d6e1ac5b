import Jobs
import Primitives
package import Signatures
import Store

// What is decided by a request's head, before anything of its body is taken.
extension Hooks {
  /// Where the proof of a request stands that may be read, if that can be said without asking the database. Nil when
  /// it cannot, and when the request is to be refused: the source may have been written anew.
  package func knownProof(_ name: String, _ headers: SignatureHeaders) -> HookProof? {
    guard let source = opened.withLock({ $0[name] }) else { return nil }
    do {
      return try proof(of: source, headers)
    } catch {
      return nil
    }
  }

  /// Where the proof of a request stands that may be read.
  /// - Throws: `HookRefusal`; the refusal is counted.
  package func proof(_ name: String, _ headers: SignatureHeaders) async throws -> HookProof {
    do {
      let source = try await source(name)
      do {
        return try proof(of: source, headers)
      } catch {
        let current = try await database.read { [jobs] tx in try jobs.edition(tx, ofSource: name) }
        guard current != source.edition else { throw error }
        opened.withLock { $0[name] = nil }
        return try proof(of: try await self.source(name), headers)
      }
    } catch let refusal as HookRefusal {
      refuse(refusal, source: name)
      throw refusal
    }
  }

  private func proof(of source: OpenSource, _ headers: SignatureHeaders) throws(HookRefusal) -> HookProof {
    let proof = type(of: source.kind).proof
    do {
      if case .headers(let needed) = proof { try needed.check(headers, now: time.now()) }
    } catch {
      throw .unverified(error)
    }
    return proof
  }
}
