"""Listens: keeps Gmail's watches alive and takes its notifications in."""
