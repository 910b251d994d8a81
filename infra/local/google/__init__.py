"""A local Google over real HTTP: Gmail's API, tokens, certificates, and a control side for tests and the demo.

Imports nothing of mailroom: a shared parser would share our misunderstanding.
"""

from infra.local.google.server import LocalGoogle, serve

__all__ = ["LocalGoogle", "serve"]
