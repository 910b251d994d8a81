"""Works: fetches, parses, matches and stores what Gmail told us of."""
