"""Charts as pictures. See README.md."""
