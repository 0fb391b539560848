"""People and what they may use: accounts, API tokens, quotas, private files and the audit log."""
