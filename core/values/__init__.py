"""The plain values that everybody shares. Standard library only; no I/O; nothing here imports from elsewhere but money and errors."""
