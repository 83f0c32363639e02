"""Every text that people read, in every language: one module per subject, whole sentences with named placeholders."""
