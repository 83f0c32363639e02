"""Whether the commits that reach tracked branches were approved, by git and the forge's records."""
