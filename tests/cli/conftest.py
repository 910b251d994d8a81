"""The consumer's world, for commands that look at what it did."""

from tests.consumer.conftest import google, google_server, parsers, world

__all__ = ["google", "google_server", "parsers", "world"]
