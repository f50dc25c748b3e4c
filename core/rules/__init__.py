"""Pure rules: values in, values out. No I/O, no clock, no library of the outside. Each is a table or a function with a test."""
