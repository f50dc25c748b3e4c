"""What people and machines talk to: the command line, the conversation, the surfaces, the HTTP app. `wiring.py` builds it all."""
