"""Access tokens for Gmail: where they come from and how long they are kept."""
