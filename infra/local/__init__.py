"""mailroom on one machine: PostgreSQL, Pub/Sub, a local Google, a sample fund."""
