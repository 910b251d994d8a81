"""The console: server-rendered pages, one stylesheet, one small script, nothing loaded from elsewhere."""

from watcher.web.console.pages import console

__all__ = ["console"]
