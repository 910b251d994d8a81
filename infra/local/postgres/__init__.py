"""PostgreSQL for anybody, without an installation: `start(folder)` gives a URL."""

from infra.local.postgres.server import DATABASE, LocalPostgres, start

__all__ = ["DATABASE", "LocalPostgres", "start"]
