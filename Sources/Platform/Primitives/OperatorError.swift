/// An error whose own sentence is for the operator: it may name places of this machine.
package protocol OperatorError: Error {
  /// The sentence for everybody else.
  var toldToClients: String { get }
}

extension OperatorError {
  /// Where everybody else finds what the operator's sentence says.
  package static var whoKnows: String { "Whoever runs the server finds the reason in its log." }
}
