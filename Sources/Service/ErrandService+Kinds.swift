import Callbacks
import Hooks
package import Jobs

extension ErrandService {
  /// Every kind of source and callback that job files may name.
  package static let kinds = Kinds(sources: Hooks.kinds.map { $0.shape }, callbacks: Courier.shapes)
}
