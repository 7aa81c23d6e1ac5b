import ArgumentParser
import JSON
import Service

extension FileSchema: ExpressibleByArgument {}

/// `errand schema`
struct PrintSchema: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema", abstract: "Print the JSON Schema of a kind of file, for editors and programs.",
    discussion: """
      Editors that read YAML with a schema complete and check the fields as they are written. Put the schema beside \
      the files, and name it in their first line:

        # yaml-language-server: $schema=../job.schema.json

      EXAMPLES:
        errand schema job > Jobs/job.schema.json
        errand schema agent > Jobs/agent.schema.json
        errand schema result     what callbacks carry
      """)

  @Argument(
    help: ArgumentHelp(
      "One of \(FileSchema.allCases.map(\.rawValue).joined(separator: ", "))."))
  var kind: FileSchema

  func run() throws {
    Say.output(kind.document.prettyText)
  }
}
