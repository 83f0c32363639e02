"""One behaviour a file: read through the ports, let core decide, write through the ports."""
