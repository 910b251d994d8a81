"""Runs it: the command line, and everything needed to run on one machine."""
