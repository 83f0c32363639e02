"""SIGTERM while a server that the bot waits for never answers: the bot still ends in time, with its children."""

import os
import signal
import socket
import subprocess
import sys

import pytest
import yaml

from tests.common.kubernetes import as_yaml, config_map
from tests.common.processes import command_lines
from tests.common.wait import wait_for
from tests.hostile.test_cluster import kubeconfig

# As `gitops-bot run`, but with shorter times.
_RUN = """
from bot import shutdown
from bot.__main__ import main
shutdown._DRAIN_SECONDS = 3
shutdown._REPORT_SECONDS = shutdown._EXIT_SECONDS = 0.5
main()
"""
_CLOSED = "http://127.0.0.1:9"


@pytest.mark.parametrize("silent", ["git", "cluster", "slack"])
def test_a_server_that_never_answers_does_not_delay_the_end(tmp_path, source, silent):
    source.commit("First", {"shop/settings.yaml": as_yaml(config_map())})
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        urls = {"git": source.url, "cluster": _CLOSED, "slack": _CLOSED}
        urls[silent] = f"http://127.0.0.1:{server.getsockname()[1]}"
        cluster = {"kubeconfig": str(kubeconfig(tmp_path, urls["cluster"]))}
        config = tmp_path / "config.yaml"
        config.write_text(
            yaml.safe_dump(
                {
                    "slack": {
                        "channel": "C0123456789",
                        "api_url": f"{urls['slack']}/api/",
                        "health_listen": "127.0.0.1:0",
                    },
                    "repositories": {"platform": {"url": urls["git"], "branch": "main"}},
                    "clusters": {"prod": cluster},
                    "applications": {
                        "shop": {"repository": "platform", "path": "shop", "cluster": "prod", "namespace": "shop"}
                    },
                    "store": f"sqlite:///{tmp_path}/state.db",
                    "mirrors": str(tmp_path / "mirrors"),
                }
            )
        )
        tokens = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}
        command = [sys.executable, "-c", _RUN, "run", "--config", str(config)]
        with subprocess.Popen(command, env={**os.environ, **tokens}, stderr=subprocess.PIPE, text=True) as bot:
            try:
                server.settimeout(60)
                connection, _ = server.accept()
                with connection:
                    bot.send_signal(signal.SIGTERM)
                    _, log = bot.communicate(timeout=20)
            finally:
                bot.kill()
                print(bot.returncode, bot.communicate()[1])
    assert bot.returncode == 0, log
    assert "Traceback" not in log
    wait_for(lambda: not [line for line in command_lines() if str(tmp_path).encode() in line])
