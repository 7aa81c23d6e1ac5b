import JSON

/// The tools of `agent_toolset_20260401` that work in the sandbox, as the model is told of them. Hands runs
/// them under these names.
enum BuiltinTools {
  static let all: [JSON] = [bash, read, write, edit, glob, grep]

  private static let bash: JSON = [
    "name": "bash",
    "description": """
    Runs a command in a persistent bash shell in the sandbox. Variables and the current directory stay from \
    call to call. There is no terminal; standard input is closed. The network is reached, as far as the \
    environment allows it, through the HTTP proxy that the variables http_proxy and https_proxy name. Long output is kept in a \
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

  private static let glob: JSON = [
    "name": "glob",
    "description": """
    Finds files in the sandbox by a pattern of their paths, newest first, at most 200. * and ? match within one \
    directory, ** any number of directories, {one,two} alternatives: **/*.py finds Python files at every depth. \
    Hidden and ignored files (.gitignore) are left out.
    """,
    "input_schema": [
      "type": "object",
      "properties": [
        "pattern": ["type": "string", "description": "The pattern, relative to path, such as src/**/*.ts."],
        "path": ["type": "string", "description": "The directory; /workspace by default."],
      ],
      "required": ["pattern"],
    ],
  ]

  private static let grep: JSON = [
    "name": "grep",
    "description": """
    Searches the lines of files in the sandbox with a regular expression of Perl's flavour; (?i) at its beginning \
    ignores case. Results are lines file:line:text, up to 100 KiB. Hidden, binary and ignored files (.gitignore) \
    are left out.
    """,
    "input_schema": [
      "type": "object",
      "properties": [
        "pattern": ["type": "string", "description": "The regular expression."],
        "path": ["type": "string", "description": "The file or directory; /workspace by default."],
      ],
      "required": ["pattern"],
    ],
  ]
}
