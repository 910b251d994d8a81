"""The demo: everything at once on this machine, real servers, watched by one screen."""
