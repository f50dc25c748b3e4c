"""Plain words without a model: what a sentence wants done, and which item it means. Pure; the tables are `english.py` and `spanish.py`."""
