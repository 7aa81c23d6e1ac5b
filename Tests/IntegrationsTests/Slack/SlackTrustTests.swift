import Catalog
import Foundation
import Hooks
import IntegrationsSupport
import JSON
import Jobs
import Reading
import Testing

@testable import Integrations

/// Who may start what by Slack: every shape, and channels that several organisations share above all.
@Suite struct SlackTrustTests {
  private static func actor(_ request: HookRequest, _ settings: JSON.Object = [:]) throws -> Actor {
    try reading(request, settings).actor
  }

  private static func reading(_ request: HookRequest, _ settings: JSON.Object = [:]) throws -> Reading {
    let source = try SlackSource(
      settings: .object(
        JSON.Object(uniqueKeysWithValues: [("secret", .string(Sample.slackSecret))]).merging(settings)))
    guard case .occurrence(let reading) = try source.read(request) else {
      throw HookRefusal.unreadable(problem: "It was a handshake.")
    }
    return reading
  }

  // MARK: Events

  /// An event in the app's own workspace T_IN, or in a channel shared with T_OUT.
  private static func event(_ event: JSON.Object, outer: JSON.Object = [:]) -> HookRequest {
    var body: JSON.Object = [
      "type": "event_callback", "event_id": "Ev1", "team_id": "T_IN", "api_app_id": "A1",
      "authorizations": [
        [
          "enterprise_id": nil, "team_id": "T_IN", "user_id": "U_APP", "is_bot": true,
          "is_enterprise_install": false,
        ]
      ], "is_ext_shared_channel": false, "event": .object(event),
    ]
    body.merge(outer)
    return SlackRequest.make(JSON.object(body).bytes)
  }

  private static let theirs: JSON.Object = [
    "team_id": "T_OUT", "context_team_id": "T_IN", "is_ext_shared_channel": true,
  ]
  private static let shared: JSON.Object = ["is_ext_shared_channel": true]

  /// Events that name who did them, as they name them.
  private static let acts: [JSON.Object] = [
    ["type": "app_mention", "user": "U1", "text": "Go."], ["type": "message", "user": "U1", "text": "Go."],
    ["type": "message", "subtype": "file_share", "user": "U1"],
    ["type": "message", "subtype": "me_message", "user": "U1"],
    ["type": "message", "subtype": "thread_broadcast", "user": "U1"],
    ["type": "message", "subtype": "message_changed", "message": ["user": "U1", "edited": ["user": "U1"]]],
    ["type": "reaction_added", "user": "U1", "item_user": "U_APP"],
    ["type": "reaction_removed", "user": "U1"],
    ["type": "file_shared", "user_id": "U1"], ["type": "member_joined_channel", "user": "U1"],
    ["type": "app_home_opened", "user": "U1"], ["type": "pin_added", "user": "U1"],
    ["type": "link_shared", "user": "U1"], ["type": "channel_left", "actor_id": "U1"],
    ["type": "assistant_thread_started", "assistant_thread": ["user_id": "U1"]],
    ["type": "agent_session_stopped", "user": "U1"],
    ["type": "team_join", "user": ["id": "U1", "team_id": "T_IN"]],
    ["type": "something_new", "user": "U1"],
  ]

  @Test(arguments: acts)
  func `one's own people are members, and strangers are not`(act: JSON.Object) throws {
    #expect(try Self.actor(Self.event(act)) == Actor(name: "U1", lane: .member))
    #expect(try Self.actor(Self.event(act), ["owners": ["U1"]]).lane == .owner)
    #expect(try Self.actor(Self.event(act), ["members": ["U2"]]).lane == .outside)
    if act["type"] == "team_join" { return }
    // In a shared channel nothing says whose they are.
    #expect(try Self.actor(Self.event(act, outer: Self.shared)).lane == .outside)
    #expect(try Self.actor(Self.event(act, outer: Self.theirs)).lane == .outside)
    // It happened elsewhere, whether or not something calls it shared.
    #expect(try Self.actor(Self.event(act, outer: ["team_id": "T_OUT"])).lane == .outside)
    // Lists decide first.
    #expect(try Self.actor(Self.event(act, outer: Self.theirs), ["owners": ["U1"]]).lane == .owner)
    #expect(try Self.actor(Self.event(act, outer: Self.theirs), ["members": ["U1"]]).lane == .member)
  }

  @Test(arguments: ["user_team", "source_team", "team"])
  func `in a shared channel the own workspace counts`(field: String) throws {
    let ours: JSON.Object = ["type": "message", "user": "U1"]
    func lane(_ team: String, _ outer: JSON.Object, _ settings: JSON.Object = [:]) throws -> Lane {
      var act = ours
      act[field] = .string(team)
      return try Self.actor(Self.event(act, outer: outer), settings).lane
    }
    for outer in [[:], Self.shared, Self.theirs] {
      #expect(try lane("T_IN", outer) == .member)
      #expect(try lane("T_OUT", outer) == .outside)
      #expect(try lane("T_OUT", outer, ["workspaces": ["T_IN", "T_OUT"]]) == .member)
      #expect(try lane("T_IN", outer, ["workspaces": ["T_OUT"]]) == .outside)
    }
    var mixed = ours
    mixed["user_team"] = "T_IN"
    mixed["source_team"] = "T_OUT"
    #expect(try Self.actor(Self.event(mixed, outer: Self.shared)).lane == .outside)
  }

  @Test func `a changed message is its writer's and its changer's`() throws {
    func lane(_ message: JSON.Object, _ settings: JSON.Object = [:]) throws -> Lane {
      try Self.actor(
        Self.event(
          ["type": "message", "subtype": "message_changed", "message": .object(message)], outer: Self.shared),
        settings
      ).lane
    }
    #expect(try lane(["user": "U1", "team": "T_IN"]) == .member)
    #expect(try lane(["user": "U1", "team": "T_OUT"]) == .outside)
    #expect(try lane(["user": "U1", "user_team": "T_OUT", "team": "T_IN"]) == .outside)
    #expect(try lane(["user": "U1", "edited": ["user": "U9"]], ["members": ["U1"]]) == .outside)
    #expect(
      try lane(["user": "U1", "edited": ["user": "U9"]], ["owners": ["U1"], "members": ["U9"]]) == .member)
  }

  @Test func `who changes a message is judged by their own workspace`() throws {
    func lane(_ edited: JSON.Object, _ outer: JSON.Object = Self.shared, _ settings: JSON.Object = [:]) throws
      -> Lane
    {
      let message: JSON = ["user": "U1", "team": "T_IN", "edited": .object(edited)]
      return try Self.actor(
        Self.event(["type": "message", "subtype": "message_changed", "message": message], outer: outer),
        settings
      ).lane
    }
    #expect(try lane(["user": "U9"]) == .outside)
    #expect(try lane(["user": "U9"], Self.shared, ["owners": ["U1"], "workspaces": ["T_IN"]]) == .outside)
    #expect(try lane(["user": "U9", "team": "T_OUT"]) == .outside)
    #expect(try lane(["user": "U9", "team": "T_OUT"], [:]) == .outside)
    #expect(try lane(["user": "U2", "team": "T_IN"]) == .member)
    #expect(try lane(["user": "U2"], [:]) == .member)
    // Their own.
    #expect(try lane(["user": "U1"]) == .member)
    #expect(try lane(["user": "U1", "team": "T_OUT"]) == .outside)
  }

  @Test func `a person's own workspace counts before the place`() throws {
    let mention: JSON.Object = ["type": "app_mention", "user": "U1", "team": "T_OUT"]
    func lane(_ more: JSON.Object, _ outer: JSON.Object = Self.theirs, _ settings: JSON.Object = [:]) throws
      -> Lane
    {
      try Self.actor(Self.event(mention.merging(more), outer: outer), settings).lane
    }
    let ours: JSON.Object = ["user_team": "T_IN", "source_team": "T_IN"]
    #expect(try lane(ours) == .member)
    #expect(try lane(ours, Self.theirs, ["workspaces": ["T_IN"]]) == .member)
    #expect(try lane(["user_team": "T_OUT", "team": "T_IN"]) == .outside)
    // An organisation's people go by its id.
    let installed: JSON = [["enterprise_id": "E_IN", "team_id": "T_IN", "user_id": "U_APP", "is_bot": true]]
    let grid = Self.theirs.merging(["authorizations": installed])
    let organisation: JSON.Object = ["user_team": "E_IN", "source_team": "E_IN"]
    #expect(try lane(organisation, grid) == .member)
    #expect(try lane(organisation, grid, ["workspaces": ["E_IN"]]) == .member)
    #expect(try lane(organisation, grid, ["workspaces": ["T_IN"]]) == .outside)
    #expect(try lane(organisation.merging(["team": "T_IN"]), grid, ["workspaces": ["T_IN"]]) == .member)
    #expect(try lane(["user_team": "E_OUT", "team": "T_IN"], grid) == .outside)
  }

  @Test func `a shared channel is not the app's own place`() throws {
    for authorizations in [.null, []] as [JSON] {
      let outer: JSON.Object = [
        "authorizations": authorizations, "team_id": "T_OUT", "is_ext_shared_channel": true,
      ]
      let message: JSON.Object = ["type": "message", "user": "U9", "user_team": "T_OUT"]
      #expect(try Self.actor(Self.event(message, outer: outer)).lane == .outside)
      #expect(
        try Self.actor(Self.event(message, outer: outer.merging(["context_team_id": "T_OUT"]))).lane
          == .member)
    }
  }

  @Test(
    arguments: [
      ["type": "message", "subtype": "message_deleted", "previous_message": ["user": "U1"]],
      [
        "type": "message", "subtype": "message_replied",
        "message": ["user": "U1", "replies": [["user": "U9"]]],
      ],
      ["type": "channel_created", "channel": ["creator": "U1"]], ["type": "function_executed"],
      ["type": "workflow_step_execute"], ["type": "emoji_changed"],
      ["type": "shared_channel_invite_accepted", "accepting_user": ["id": "U1", "team_id": "T_IN"]],
    ] as [JSON.Object])
  func `where nobody says who did it, nobody is trusted`(event: JSON.Object) throws {
    #expect(try Self.actor(Self.event(event), ["owners": ["U1"]]) == Actor(name: "somebody", lane: .outside))
  }

  @Test(arguments: ["is_restricted", "is_ultra_restricted", "is_stranger"])
  func `a guest is a stranger`(mark: String) throws {
    var user: JSON.Object = ["id": "U1", "team_id": "T_IN"]
    user[mark] = true
    #expect(try Self.actor(Self.event(["type": "team_join", "user": .object(user)])).lane == .outside)
  }

  @Test func `bots are bots, and another organisation's pass no more than its people`() throws {
    func actor(_ event: JSON.Object, _ outer: JSON.Object = [:]) throws -> Actor {
      try Self.actor(Self.event(event, outer: outer), ["owners": ["U1"]])
    }
    let message: JSON.Object = ["type": "message", "user": "U1", "bot_id": "B1"]
    #expect(try actor(message) == Actor(name: "U1", lane: .bot))
    #expect(try actor(message, Self.theirs) == Actor(name: "U1", lane: .bot, alsoLane: .outside))
    #expect(try actor(message.merging(["user": "U_APP"]), Self.theirs) == Actor(name: "U_APP", lane: .bot))
    #expect(
      try actor(message.merging(["team": "T_OUT"]), Self.theirs)
        == Actor(name: "U1", lane: .bot, alsoLane: .outside))
    let posted: JSON.Object = ["type": "message", "subtype": "bot_message", "bot_id": "B1"]
    #expect(try actor(posted).name == "B1")
    // Of whose workspace a bot is, its profile says.
    let foreign = posted.merging(["bot_profile": ["team_id": "T_OUT"]])
    #expect(try actor(foreign) == Actor(name: "B1", lane: .bot, alsoLane: .outside))
    #expect(try actor(foreign, Self.theirs).alsoLane == .outside)
    #expect(try actor(posted, Self.theirs).alsoLane == .outside)
    #expect(try actor(posted.merging(["bot_profile": ["team_id": "T_IN"]]), Self.theirs).alsoLane == nil)
    #expect(try actor(["type": "reaction_added", "user": "U_APP"]).lane == .bot)
    #expect(try actor(["type": "team_join", "user": ["id": "U1", "is_bot": true]]).lane == .bot)
    // Whoever installed an app without a bot is a person.
    let person: JSON = [["team_id": "T_IN", "user_id": "U1", "is_bot": false]]
    #expect(try actor(["type": "message", "user": "U1"], ["authorizations": person]).lane == .owner)
  }

  @Test func `an app of a whole organisation takes its people`() throws {
    let installed: JSON = [
      [
        "enterprise_id": "E_IN", "team_id": nil, "user_id": "U_APP", "is_bot": true,
        "is_enterprise_install": true,
      ]
    ]
    let organisation: JSON.Object = ["enterprise_id": "E_IN", "team_id": "T_2", "authorizations": installed]
    func lane(_ act: JSON.Object, _ outer: JSON.Object = [:], _ settings: JSON.Object = [:]) throws -> Lane {
      let event = act.merging(["type": "message", "user": "U1"])
      return try Self.actor(Self.event(event, outer: organisation.merging(outer)), settings).lane
    }
    #expect(try lane([:]) == .member)
    #expect(try lane(["team": "T_3"]) == .member)
    #expect(try lane([:], ["enterprise_id": "E_OUT"]) == .outside)
    #expect(try lane([:], Self.shared) == .outside)
    #expect(try lane(["team": "T_OUT"], Self.shared) == .outside)
    #expect(try lane(["team": "T_OUT"], Self.shared.merging(["context_team_id": "T_2"])) == .outside)
    #expect(try lane(["team": "T_2"], Self.shared.merging(["context_team_id": "T_2"])) == .member)
    #expect(try lane([:], [:], ["workspaces": ["T_3"]]) == .outside)
    #expect(try lane([:], [:], ["workspaces": ["E_IN"]]) == .member)
    #expect(try lane([:], Self.shared, ["owners": ["U1"]]) == .owner)
    // Somebody's own workspace must be known to be of the organisation.
    for settings in [[:], ["workspaces": ["E_IN"]]] as [JSON.Object] {
      #expect(try lane(["user_team": "T_OUT"], [:], settings) == .outside)
      #expect(try lane(["user_team": "E_OUT"], [:], settings) == .outside)
      #expect(try lane(["user_team": "T_2"], [:], settings) == .member)
      #expect(try lane(["user_team": "E_IN"], Self.shared, settings) == .member)
      let context: JSON.Object = [
        "enterprise_id": "E_OUT", "team_id": "T_OUT", "context_team_id": "T_2",
        "context_enterprise_id": "E_IN",
        "is_ext_shared_channel": true,
      ]
      #expect(try lane(["team": "T_2"], context, settings) == .member)
      #expect(try lane(["user_team": "T_OUT", "team": "T_2"], context, settings) == .outside)
    }
  }

  // MARK: Interactions

  private static func interaction(_ type: String, _ members: JSON.Object) -> HookRequest {
    var body: JSON.Object = ["type": .string(type), "api_app_id": "A1"]
    body.merge(members)
    let payload = JSON.object(body).text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    return SlackRequest.make(Array("payload=\(payload)".utf8), form: true)
  }

  private static let interactions = [
    "block_actions", "block_suggestion", "interactive_message", "view_submission", "view_closed",
    "message_action",
    "shortcut", "dialog_submission", "dialog_suggestion", "dialog_cancellation", "workflow_step_edit",
  ]

  @Test(arguments: interactions)
  func `who clicks is judged by their workspace`(type: String) throws {
    func lane(_ members: JSON.Object, _ settings: JSON.Object = [:]) throws -> Lane {
      try Self.actor(Self.interaction(type, members), settings).lane
    }
    let ours: JSON.Object = ["team": ["id": "T_IN"], "user": ["id": "U1", "team_id": "T_IN"]]
    #expect(try lane(ours) == .member)
    #expect(try lane(["team": ["id": "T_IN"], "user": ["id": "U1"]]) == .member)
    #expect(try lane(["team": ["id": "T_IN"], "user": ["id": "U1", "team_id": "T_OUT"]]) == .outside)
    #expect(try lane(ours, ["workspaces": ["T_OUT"]]) == .outside)
    #expect(try lane(ours, ["members": ["U2"]]) == .outside)
    #expect(try lane(["team": ["id": "T_IN"], "user": [:]]) == .outside)
    // An organisation's: lists decide first.
    let organisation: JSON.Object = [
      "team": nil, "enterprise": ["id": "E_IN"], "is_enterprise_install": true,
      "user": ["id": "U1", "team_id": "T_2"],
    ]
    #expect(try lane(organisation) == .outside)
    #expect(try lane(organisation, ["owners": ["U1"]]) == .owner)
    #expect(try lane(organisation, ["members": ["U1"]]) == .member)
    #expect(try lane(organisation, ["workspaces": ["E_IN"]]) == .member)
    #expect(try lane(organisation, ["workspaces": ["T_2"]]) == .member)
    #expect(try lane(organisation, ["workspaces": ["T_3"]]) == .outside)
  }

  @Test(
    arguments: [
      ("view_submission", ["view": ["team_id": "T_OUT", "app_installed_team_id": "T_IN"]]),
      ("view_closed", ["view": ["app_installed_team_id": "T_IN"]]),
      ("block_actions", ["view": ["app_installed_team_id": "T_IN"]]),
      ("block_actions", ["message": ["team": "T_IN"]]),
      ("block_actions", ["message": ["bot_profile": ["team_id": "T_IN"]]]),
      ("block_suggestion", ["view": ["app_installed_team_id": "T_IN"]]),
      ("interactive_message", ["original_message": ["team": "T_IN"]]),
    ] as [(String, JSON.Object)])
  func `strangers who click in a shared channel are strangers`(type: String, members: JSON.Object) throws {
    for user in [["id": "U9", "team_id": "T_OUT"], ["id": "U9"]] as [JSON] {
      let body = members.merging(["team": ["id": "T_OUT"], "user": user])
      #expect(try Self.actor(Self.interaction(type, body)).lane == .outside)
    }
    let ours = members.merging(["team": ["id": "T_OUT"], "user": ["id": "U1", "team_id": "T_IN"]])
    #expect(try Self.actor(Self.interaction(type, ours)).lane == .member)
  }

  @Test(
    arguments: [
      ("block_actions", ["is_app_unfurl": true, "message": ["user": "U9", "team": "T_OUT"]]),
      ("block_actions", ["container": ["is_app_unfurl": true], "message": ["team": "T_OUT"]]),
      ("interactive_message", ["is_app_unfurl": true, "original_message": ["user": "U9", "team": "T_OUT"]]),
    ] as [(String, JSON.Object)])
  func `a link that the app unfurls says nothing of the app`(type: String, members: JSON.Object) throws {
    let theirs: JSON.Object = ["team": ["id": "T_OUT"], "user": ["id": "U9", "team_id": "T_OUT"]]
    let ours: JSON.Object = ["team": ["id": "T_OUT"], "user": ["id": "U1", "team_id": "T_IN"]]
    func lane(_ who: JSON.Object, _ settings: JSON.Object = [:]) throws -> Lane {
      try Self.actor(Self.interaction(type, members.merging(who)), settings).lane
    }
    #expect(try lane(theirs) == .outside)
    #expect(try lane(["team": ["id": "T_OUT"], "user": ["id": "U9"]]) == .outside)
    #expect(try lane(theirs, ["workspaces": ["T_IN"]]) == .outside)
    #expect(try lane(ours) == .outside)
    #expect(try lane(ours, ["workspaces": ["T_IN"]]) == .member)
  }

  @Test(
    arguments: [
      ["is_enterprise_install": true], ["channel": ["is_ext_shared": true]], ["is_ext_shared_channel": true],
      ["message": ["user": "U1", "team": "T_IN"]], ["message": ["user": "U1", "user_team": "T_IN"]],
    ] as [JSON.Object])
  func `where the place may be shared, it says nothing of the app without a list`(hint: JSON.Object) throws {
    let theirs: JSON.Object = ["team": ["id": "T_OUT"], "user": ["id": "U9", "team_id": "T_OUT"]]
    for type in ["message_action", "view_submission", "shortcut"] {
      let request = Self.interaction(type, theirs.merging(hint))
      #expect(try Self.actor(request).lane == .outside)
      #expect(try Self.actor(request, ["workspaces": ["T_IN"]]).lane == .outside)
      #expect(try Self.actor(request, ["workspaces": ["T_OUT"]]).lane == .member)
    }
  }

  @Test func `an organisation in the list is not enough for those of another`() throws {
    func lane(_ user: JSON.Object, _ more: JSON.Object = [:]) throws -> Lane {
      let members: JSON.Object = [
        "team": nil, "enterprise": ["id": "E_IN"], "is_enterprise_install": true, "user": .object(user),
      ]
      return try Self.actor(
        Self.interaction("block_actions", members.merging(more)), ["workspaces": ["E_IN"]]
      ).lane
    }
    #expect(try lane(["id": "U1", "team_id": "T_2"], ["message": ["team": "T_2"]]) == .member)
    #expect(try lane(["id": "U1", "team_id": "T_2", "enterprise_id": "E_IN"]) == .member)
    #expect(try lane(["id": "U9", "team_id": "T_OUT"], ["message": ["team": "T_IN"]]) == .outside)
    #expect(try lane(["id": "U9", "team_id": "T_OUT", "enterprise_id": "E_OUT"]) == .outside)
    #expect(try lane(["id": "U9", "team_id": "E_OUT"]) == .outside)
  }

  @Test func `a source without a list of workspaces is worth a word`() {
    let shape = SlackSource.shape
    #expect(shape.warn(["secret": "x"]).first?.message.contains("needs the list") == true)
    #expect(shape.warn(["workspaces": ["T1"]]).isEmpty)
    #expect(shape.warn(["members": ["U1"]]).isEmpty)
  }

  @Test func `a command is its caller's`() throws {
    func lane(_ form: String, _ settings: JSON.Object = [:]) throws -> Lane {
      try Self.actor(
        SlackRequest.make(Array("command=%2Ferrand&trigger_id=1&user_id=U1&\(form)".utf8), form: true),
        settings
      ).lane
    }
    #expect(try lane("team_id=T_IN") == .member)
    #expect(try lane("team_id=T_IN", ["workspaces": ["T_2"]]) == .outside)
    #expect(try lane("") == .outside)
    #expect(try lane("", ["owners": ["U1"]]) == .owner)
    #expect(
      try lane("team_id=T_2&enterprise_id=E_IN&is_enterprise_install=true", ["workspaces": ["E_IN"]])
        == .member)
  }

  @Test func `a command's organisation may stand in the list`() throws {
    func lane(_ organisation: String, _ isInstalled: Bool) throws -> Lane {
      let form =
        "command=%2Ferrand&trigger_id=1&user_id=U1&team_id=T_2&enterprise_id=\(organisation)"
        + "&is_enterprise_install=\(isInstalled)"
      return try Self.actor(SlackRequest.make(Array(form.utf8), form: true), ["workspaces": ["E_IN"]]).lane
    }
    for isInstalled in [true, false] {
      #expect(try lane("E_IN", isInstalled) == .member)
      #expect(try lane("E_OUT", isInstalled) == .outside)
    }
  }

  // MARK: Keys

  @Test func `too many events are told of without one`() throws {
    func reading(_ minute: Int64) throws -> Reading {
      let body: JSON = [
        "token": "x", "type": "app_rate_limited", "team_id": "T_IN", "minute_rate_limited": .integer(minute),
        "api_app_id": "A1",
      ]
      return try Self.reading(SlackRequest.make(body.bytes))
    }
    let first = try reading(1_518_467_820)
    #expect(first.type == "app_rate_limited")
    #expect(first.actor == Actor(name: "somebody", lane: .outside))
    #expect(Reading.key(first.dedupeKey) != nil)
    #expect(try reading(1_518_467_820).dedupeKey == first.dedupeKey)
    #expect(try reading(1_518_467_880).dedupeKey != first.dedupeKey)
  }

  @Test(arguments: ["view_closed", "block_suggestion"])
  func `what carries no id is the same when all of it is`(type: String) throws {
    let members: JSON.Object = [
      "user": ["id": "U1", "team_id": "T1"], "view": ["id": "V1", "hash": "1.x"], "value": "a",
    ]
    func key(_ members: JSON.Object) throws -> String {
      try Self.reading(Self.interaction(type, members)).dedupeKey
    }
    let first = try key(members)
    #expect(first.hasPrefix("\(type)/"))
    #expect(Reading.key(first) != nil)
    #expect(try key(members) == first)
    #expect(try key(members.merging(["view": ["id": "V2", "hash": "1.x"]])) != first)
    #expect(try Self.reading(Self.interaction(type, members)).type == type)
  }
}
