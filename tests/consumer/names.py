"""Whose mailboxes the tests use."""

ADA, BEN, CLEO = "ada@fund.test", "ben@fund.test", "cleo@fund.test"
