"""Prompts as files: what a model is told, apart from the code that tells it."""
