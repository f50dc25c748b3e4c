"""The conversation, written once for every surface. README.md says how a command is added."""
