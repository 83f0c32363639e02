"""The sections of the configuration file, one file each. The fields of a class are its keys; start with `file.py`."""
