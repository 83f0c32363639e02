"""The peak of a process's resident memory, measured since it was last forgotten.

Not `getrusage`: its peak begins with that of the process that started this one, and cannot be forgotten.
"""

import re
from pathlib import Path

_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


def forget_peak() -> None:
    """Let the peak begin again at what is in memory now: proc_pid_clear_refs(5)."""
    Path("/proc/self/clear_refs").write_text("5")


def peak_mib(pid: int | str = "self") -> int:
    """The peak in MiB."""
    return int(_PEAK.search(Path(f"/proc/{pid}/status").read_text())[1]) >> 10
