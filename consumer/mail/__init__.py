"""Bytes of mail become values.  Decides only: no I/O, no clock, no environment."""
