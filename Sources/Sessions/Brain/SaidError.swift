import JSON
import Primitives
import Sessions

/// An error as a model's server words it: in the form of the Messages API, or in one of the many that gateways,
/// proxies and other APIs have.
struct SaidError: Error, Equatable {
  /// Nil when it came in an answer with status 200.
  var status: Int?
  var type = ""
  /// A word or a number.
  var code: String?
  var message: String
  var retryAfter: Duration?

  init(message: String) {
    self.message = message
  }

  /// What the body of an answer with another status than 200 says. A body that is no JSON has its text.
  init(status: Int, body: [UInt8], retryAfter: Duration?) {
    if let json = try? JSON(parsing: body), json.objectValue ?? json[0]?.objectValue != nil {
      self.init(told: json)
    } else {
      self.init(message: String(decoding: body, as: UTF8.self))
    }
    self.status = status
    self.retryAfter = retryAfter ?? self.retryAfter
  }

  /// Reads what is known to be an error. In the strangest form it is told as it came.
  init(told json: JSON) {
    if let error = SaidError(in: json) {
      self = error
      return
    }
    let texts = SaidError.texts.compactMap { json[$0]?.stringValue }.filter { !Blocks.isBlank($0) }
    self.init(message: texts.isEmpty ? json.text : texts.joined(separator: ": "))
    note(json)
  }

  /// Nil when it says of nothing that it is an error.
  init?(in json: JSON) {
    let json = json.arrayValue?.first ?? json
    guard json.objectValue != nil else { return nil }
    let error = json["error"]?.given ?? json["errors"]?[0]?.given ?? json["detail"]?[0]?.given
    if let text = error?.stringValue, !Blocks.isBlank(text) {
      let more = SaidError.texts.compactMap { json[$0]?.stringValue }.first { $0 != text }
      self.init(message: more.map { "\(text): \($0)" } ?? text)
      note(json)
    } else if let error, error.objectValue?.isEmpty == false {
      if error["error"]?.objectValue != nil, let inner = SaidError(in: error) {
        self = inner
        return
      }
      let text = SaidError.texts.compactMap { error[$0]?.stringValue }.first { !Blocks.isBlank($0) }
      self.init(message: text ?? json["message"]?.stringValue ?? error.text)
      note(json)
      note(error)
    } else if error?.boolValue == true || error?.intValue.map({ $0 != 0 }) == true {
      self.init(message: SaidError.texts.compactMap { json[$0]?.stringValue }.first ?? json.text)
      note(json)
    } else {
      return nil
    }
  }

  /// Where the words stand.
  private static let texts = ["message", "Message", "msg", "detail", "description", "title", "error_message"]

  /// Takes over type, code and pause from an object that has any.
  private mutating func note(_ json: JSON) {
    let words = [json["type"], json["__type"], json["status"], json["name"]].compactMap { $0?.stringValue }
    // The outer object of the API's own form has the type “error”.
    if let word = words.first(where: { $0 != "error" && !$0.isEmpty }) {
      type = String(word.split(separator: "#").last ?? "")
    }
    let code = json["details"]?["error_code"] ?? json["code"]?.given ?? json["status_code"] ?? json["status"]
    if let word = code?.stringValue ?? code?.intValue.map(String.init), !word.isEmpty, word != type {
      self.code = word
    }
    if let pause = json["retry_after"]?.numberValue { retryAfter = MessagesError.pause(pause) }
  }
}

extension SaidError {
  /// What the error means, and whether another try may help.
  func modelError(cleaning clean: (String) -> String) -> ModelError {
    let named = code.flatMap(SaidError.status) ?? SaidError.status(named: type)
    var text = clean(message)
    if Blocks.isBlank(text) { text = status.map { "status \($0)" } ?? clean(code ?? "it gave no reason") }
    if status == nil, !type.isEmpty { text = "\(clean(type)): \(text)" }
    if [code, type].contains(where: { $0.map(SaidError.plain).map(SaidError.tooLong.contains) == true }) {
      text += " (context length exceeded)"
    }
    // The owner's own limit, which ends with the month and not with the minute.
    if code == "enforced_spend_limit_reached" {
      return .refused(status: status ?? 429, message: text, answered: status == nil ? 200 : nil)
    }
    let decided =
      switch status {
      case nil: named ?? code.flatMap { Int($0) }.flatMap { (400..<600).contains($0) ? $0 : nil } ?? 500
      case let status? where status >= 500: named.flatMap { $0 < 429 ? $0 : nil } ?? status
      case 429: named == 402 ? 402 : 429
      case let status?: named == 429 || named == 529 ? named ?? status : status
      }
    return switch decided {
    case 429: .rateLimited(retryAfter: retryAfter, message: text)
    case 503, 529: .overloaded(retryAfter: retryAfter, message: text)
    case 408, 409, 425, 500...: .failed(message: text)
    // Nobody should look for a status that never came.
    case let meant: .refused(status: meant, message: text, answered: meant == status ? nil : status ?? 200)
    }
  }

  /// The status that an error of this name would have; nil for a name that is not known.
  private static func status(named name: String) -> Int? { statuses[plain(name)] }

  /// In small letters without anything between them: servers spell the same name in many ways.
  private static func plain(_ name: String) -> String {
    String(name.lowercased().filter { $0.isLetter || $0.isNumber })
  }

  private static let tooLong: Set<String> = [
    "contextlengthexceeded", "contextwindowexceedederror", "exceedcontextsizeerror", "stringabovemaxlength",
  ]

  private static let statuses: [String: Int] = {
    let names: [(Int, [String])] = [
      (
        400,
        [
          "invalidrequesterror", "invalidargument", "badrequest", "badrequesterror", "validationexception",
          "validationerror", "unprocessableentity", "failedprecondition", "contextlengthexceeded",
          "contextwindowexceedederror", "exceedcontextsizeerror", "stringabovemaxlength",
          "contentpolicyviolation", "unsupportedparameter", "unsupportedvalue", "modelnotsupported",
        ]
      ),
      (
        401,
        [
          "authenticationerror", "invalidapikey", "unauthenticated", "unauthorized", "invalidauthentication",
          "unrecognizedclientexception", "expiredtokenexception", "expiredtoken", "invalidtoken",
          "missingapikey", "authenticationfailed",
        ]
      ),
      (
        402,
        [
          "billingerror", "insufficientquota", "billinghardlimitreached", "billingnotactive",
          "paymentrequired", "insufficientcredits", "insufficientbalance", "exceededcurrentquotaerror",
          "insufficientuserquota",
        ]
      ),
      (
        403,
        [
          "permissionerror", "permissiondenied", "permissiondeniederror", "forbidden", "accessdenied",
          "accessdeniedexception", "insufficientpermissions", "unsupportedcountryregionterritory",
        ]
      ),
      (
        404,
        [
          "notfounderror", "notfound", "modelnotfound", "modelnotfounderror", "resourcenotfoundexception",
          "deploymentnotfound", "unknownmodel",
        ]
      ),
      (413, ["requesttoolarge", "payloadtoolarge"]),
      (
        429,
        [
          "ratelimiterror", "ratelimitexceeded", "ratelimitreached", "ratelimited", "resourceexhausted",
          "throttlingexception", "toomanyrequests", "toomanyrequestsexception", "requestlimitexceeded",
        ]
      ),
      (
        500,
        [
          "apierror", "servererror", "internalservererror", "internal", "internalerror",
          "internalserverexception", "apiconnectionerror", "upstreamerror", "badgateway",
        ]
      ),
      (504, ["timeouterror", "timeout", "modeltimeoutexception", "deadlineexceeded", "gatewaytimeout"]),
      (
        529,
        [
          "overloadederror", "overloaded", "engineoverloaded", "serviceunavailable",
          "serviceunavailableexception", "serviceunavailableerror", "unavailable", "modelnotreadyexception",
          "slowdown",
        ]
      ),
    ]
    return Dictionary(uniqueKeysWithValues: names.flatMap { status, names in names.map { ($0, status) } })
  }()
}

extension JSON {
  /// Nil for null, which servers send in the place of what they leave out.
  var given: JSON? { isNull ? JSON?.none : self }
}
