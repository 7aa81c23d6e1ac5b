import Primitives
import Sessions

/// Turns what the model is saying into glimpses of the events that its reply will become.
final class Previews: Sendable {
  private struct State {
    var hasThought = false
    /// The blocks of the reply that are blocks of the message, in their order.
    var texts: [Int] = []
    /// Spaces at the beginning of a block: a text of nothing else does not become a block of the message.
    var held: [Int: String] = [:]
  }

  private let ids: SaidReply.EventIDs
  private let state = Lock(State())

  init(_ ids: SaidReply.EventIDs) {
    self.ids = ids
  }

  func note(_ progress: ModelProgress) -> [Preview] {
    state.withLock { state in
      switch progress {
      case .thinking:
        if state.hasThought { return [] }
        state.hasThought = true
        return [.start(.agentThinking, id: ids.thinking)]
      case .text(let piece, let block):
        if let index = state.texts.firstIndex(of: block) {
          return [.text(piece, index: index, id: ids.message)]
        }
        let text = (state.held[block] ?? "") + piece
        if Blocks.isBlank(text) {
          state.held[block] = text
          return []
        }
        state.texts.append(block)
        let delta = Preview.text(text, index: state.texts.count - 1, id: ids.message)
        return state.texts.count == 1 ? [.start(.agentMessage, id: ids.message), delta] : [delta]
      }
    }
  }
}
