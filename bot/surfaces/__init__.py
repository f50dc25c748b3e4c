"""Where people talk: translate in, translate out, nothing else. README.md says how."""
