"""One library a file: each adapter fulfils a port, translates, and maps its library's errors once."""
