"""What the watcher and the consumer agree on: settings, errors, state, Gmail."""
