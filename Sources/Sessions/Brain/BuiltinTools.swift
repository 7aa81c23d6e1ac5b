import JSON

/// The tools of `agent_toolset_20260401` that work in the sandbox, as the model is told of them. Hands runs
/// them under these names.
enum BuiltinTools {
  static let all: [JSON] = [bash, read, write, edit]

  private static let bash: JSON = [
    "name": "bash",
    "description": """
    Runs a command in a persistent bash shell in the sandbox. Variables and the current directory stay from \
    call to call. There is no network and no terminal; standard input is closed. Long output is kept in a \
    file and shown in part.
    """,
    "input_schema": [
      "type": "object",
      "properties": [
        "command": ["type": "string", "description": "The command line."],
        "restart": ["type": "boolean", "description": "Starts the shell anew."],
        "timeout_ms": ["type": "integer", "description": "The longest time it may take; 120000 by default."],
      ],
    ],
  ]

  private static let read: JSON = [
    "name": "read",
    "description": "Reads a file in the sandbox.",
    "input_schema": [
      "type": "object",
      "properties": [
        "file_path": ["type": "string", "description": "The absolute path."],
        "view_range": [
          "type": "array", "items": ["type": "integer"], "minItems": 2, "maxItems": 2,
          "description": "The first and the last line, counted from 1; -1 as the last is the end.",
        ],
      ],
      "required": ["file_path"],
    ],
  ]

  private static let write: JSON = [
    "name": "write",
    "description": "Writes a file in the sandbox, replacing what was there; missing directories are made.",
    "input_schema": [
      "type": "object",
      "properties": [
        "file_path": ["type": "string", "description": "The absolute path."],
        "content": ["type": "string", "description": "The whole content."],
      ],
      "required": ["file_path", "content"],
    ],
  ]

  private static let edit: JSON = [
    "name": "edit",
    "description": """
    Replaces a text in a file in the sandbox. The text must occur exactly once, unless all occurrences are \
    to be replaced.
    """,
    "input_schema": [
      "type": "object",
      "properties": [
        "file_path": ["type": "string", "description": "The absolute path."],
        "old_string": ["type": "string", "description": "The text to be replaced, exactly as it stands."],
        "new_string": ["type": "string", "description": "What takes its place."],
        "replace_all": ["type": "boolean", "description": "Whether to replace every occurrence."],
      ],
      "required": ["file_path", "old_string", "new_string"],
    ],
  ]
}
