"""What carries work forward: the only place that calls channels, readers and surfaces. Never holds a transaction across a remote call."""
