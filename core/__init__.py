"""What is true and what is decided. README.md draws the map."""
