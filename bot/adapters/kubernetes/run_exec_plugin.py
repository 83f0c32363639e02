"""Runs an exec plugin of a kubeconfig with a time limit, and without the bot's secrets in its environment.

    python -I run_exec_plugin.py SECONDS NAMES COMMAND [ARGUMENT…]

NAMES are the variables that the kubeconfig sets, separated by commas. The Kubernetes client starts plugins without a
timeout and with its whole environment, so `kubeconfig.py` runs them through this program, which uses only the standard
library. https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
"""

import os
import re
import selectors
import signal
import subprocess
import sys
import time

# What the plugins of the large clouds read, and what programs need to start and reach their servers.
_PASSED_ON = re.compile(
    r"PATH|HOME|USER|LOGNAME|LANG|LC_\w+|TZ|TMPDIR|XDG_\w+|SSL_CERT_\w+|(?:HTTPS?|NO|ALL)_PROXY|(?:https?|no|all)_proxy"
    r"|KUBECONFIG|KUBERNETES_\w+|AWS_\w+|AZURE_\w+|AAD_\w+|MSI_\w+|GOOGLE_\w+|CLOUDSDK_\w+|USE_GKE_GCLOUD_AUTH_PLUGIN"
)
_MAX_ERROR = 500  # characters of the plugin's stderr
MAX_OUTPUT = 1_048_576  # bytes; a credential has a few thousand


class _UnboundedError(Exception):
    """The plugin takes too long or writes too much."""


def main(seconds: str, names: str, *command: str) -> int:
    """Run the plugin, pass its output on, and return its exit code. Its standard error becomes one line."""
    kept = set(names.split(","))
    environment = {name: value for name, value in os.environ.items() if name in kept or _PASSED_ON.fullmatch(name)}
    try:
        # In its own process group, so that its child processes end with it.
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, start_new_session=True
        )
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}")
        return 127
    try:
        output, report = _read(process, float(seconds))
    except _UnboundedError as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        sys.stderr.write(f"{command[0]}: {error}")
        return 124
    sys.stdout.buffer.write(output)
    printable = "".join(character if character.isprintable() else " " for character in report.decode(errors="replace"))
    sys.stderr.write(" ".join(printable.split())[-_MAX_ERROR:])
    return process.returncode


def _read(process: subprocess.Popen[bytes], seconds: float) -> tuple[bytes, bytes]:
    """The stdout and stderr of the process. Raises _UnboundedError if it takes too long or writes too much."""
    written = {pipe.fileno(): b"" for pipe in (process.stdout, process.stderr) if pipe}
    deadline = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        for pipe in written:
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(max(deadline - time.monotonic(), 0))
            if not ready:
                raise _UnboundedError(f"no response within {seconds:g} s")
            for key, _ in ready:
                data = os.read(key.fd, 65_536)
                if not data:
                    selector.unregister(key.fd)
                written[key.fd] += data
                if len(written[key.fd]) > MAX_OUTPUT:
                    raise _UnboundedError(f"more than {MAX_OUTPUT} bytes of output")
    try:
        process.wait(max(deadline - time.monotonic(), 0))
    except subprocess.TimeoutExpired:
        raise _UnboundedError(f"no end within {seconds:g} s") from None
    output, report = written.values()
    return output, report


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
