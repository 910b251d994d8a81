"""Gmail: what a call is, how it travels, what it costs, and what a refusal means."""
