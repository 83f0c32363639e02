"""Git processes end with the bot, also if `kill -9` ends it."""

import signal
import socket
import subprocess
import sys

from tests.common.processes import command_lines
from tests.common.wait import wait_for

_FETCH = """
import sys
from pathlib import Path
from bot.adapters.git.repository import GitRepository
GitRepository("p", sys.argv[1], "main", Path(sys.argv[2])).fetch()
"""


def test_git_ends_with_a_bot_that_is_killed(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/silent.git"
        with subprocess.Popen([sys.executable, "-c", _FETCH, url, str(tmp_path)]) as bot:
            connection, _ = listener.accept()
            with connection:
                assert any(b"remote-http" in line and url.encode() in line for line in command_lines())
                bot.send_signal(signal.SIGKILL)
                bot.wait()
                wait_for(lambda: not [line for line in command_lines() if url.encode() in line])
