"""One folder per outside service: the folder list is the feature list. They know `core` and nothing else, and never each other."""
