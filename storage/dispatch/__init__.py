"""Wake-ups: in one process, or spread over many. Hints only; the rows are the truth."""
