"""Photos to drafts, with and without a model. README.md says how each claim is checked."""
