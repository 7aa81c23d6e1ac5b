import JSON
import Testing

@testable import Brain
@testable import Sessions

@Suite struct ToolboxTests {
  private static let custom: JSON = [
    "type": "custom", "name": "web_search", "description": "d", "input_schema": ["type": "object"],
  ]
  private static let without: JSON = [
    "type": "agent_toolset_20260401", "configs": [["name": "web_search", "enabled": false]],
  ]

  @Test(arguments: [[custom], [without, custom], [custom, without]])
  func `a custom tool with the name of a built-in one is the client's`(tools: [JSON]) throws {
    let toolbox = Toolbox(agent: ["tools": .array(tools)], Rig.tools)
    let event = toolbox.use(["name": "web_search", "input": ["query": "x"]], event: "sevt_1")
    #expect(event.type == .agentCustomToolUse)
    let call = Call(
      Event(
        id: "sevt_1", type: event.type, body: event.body, hidden: nil, position: 1, arrival: nil, revision: 1,
        processedAt: nil))
    #expect(!call.mayRun && !call.isDenied)
  }
}
