"""Read-only answers: history, who, status, report and diff."""
