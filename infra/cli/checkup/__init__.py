"""What `mailroom doctor` looks at: each check returns findings, and none raises."""
