"""A local Google over real HTTP: Gmail's API, tokens, certificates, a control side for tests.

Imports nothing of mailroom: a shared parser would share our misunderstanding.
"""

from infra.local.google.server import LocalGoogle, serve

__all__ = ["LocalGoogle", "serve"]
