"""Measurements: each beside a named alternative, in one run."""
