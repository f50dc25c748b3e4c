"""Plain words: what somebody means becomes the same commands that they could type, shown before anything changes."""
