"""Whether the commits on tracked branches were approved, according to git and the forge's records."""
