DROP TABLE mailroom.audit_log, mailroom.rejected_notifications, mailroom.api_tokens, mailroom.oauth_tokens,
    mailroom.email_exclusions, mailroom.email_gaps, mailroom.email_searches, mailroom.email_sync_runs,
    mailroom.email_changes, mailroom.email_attachments, mailroom.email_matches, mailroom.investor_addresses,
    mailroom.investors, mailroom.email_participants, mailroom.account_messages, mailroom.emails,
    mailroom.email_thread_keys, mailroom.email_threads, mailroom.blobs, mailroom.email_deltas,
    mailroom.email_accounts;
