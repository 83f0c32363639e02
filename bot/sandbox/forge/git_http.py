"""Git's smart HTTP protocol, served by `git http-backend` as a CGI program.

https://git-scm.com/docs/git-http-backend
"""

import asyncio
import base64
import binascii
import contextlib
import subprocess
from collections.abc import Callable
from email.parser import BytesHeaderParser
from functools import cache
from pathlib import Path

from aiohttp import web

from bot.sandbox.forge.dialect import Dialect
from bot.sandbox.forge.git import environment
from bot.sandbox.forge.hosting import HostedRepository

_CHUNK = 65536


def basic_token(header: str) -> str:
    """The token in an Authorization header: the Basic password, or the value after Bearer or token; "" without one."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return value.strip()
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def has_credentials(header: str, dialect: Dialect) -> bool:
    """Whether git authenticated with the scheme and as a user that this forge accepts."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() != dialect.scheme:
        return False
    user = base64.b64decode(value).decode().partition(":")[0] if scheme.lower() == "basic" else ""
    return not dialect.users or user in dialect.users


async def serve(
    request: web.Request, root: Path, repository: HostedRepository, may: Callable[[str], bool | None]
) -> web.StreamResponse:
    """Answer one request of a git client.

    Reading is public, writing needs a token: `may` returns whether an Authorization header allows it, None if the
    header is invalid.
    """
    header = request.headers.get("Authorization", "")
    writes = "git-receive-pack" in (request.query.get("service"), request.match_info["tail"])
    allowed = may(header) if header else None
    if (header or writes) and allowed is None:
        return web.Response(
            status=401, text="Authentication failed.\n", headers={"WWW-Authenticate": 'Basic realm="forge"'}
        )
    if writes and repository.archived:
        return web.Response(status=403, text="This repository was archived so it is read-only.\n")
    if writes and not allowed:
        return web.Response(status=403, text=f"Write access to {repository.full_name} not granted.\n")
    env = {
        "GIT_PROJECT_ROOT": str(root),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": f"/{repository.full_name}.git/{request.match_info['tail']}",
        "REQUEST_METHOD": request.method,
        "QUERY_STRING": request.query_string,
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        "REMOTE_ADDR": request.remote or "",
        "FORGE_PROTECTED": " ".join(f"refs/heads/{name}" for name in repository.protected),
        "FORGE_SIGNED": "yes" if repository.signatures_required else "",
    }
    if writes:
        env["REMOTE_USER"] = "token"  # http-backend rejects pushes without a user
    process = await asyncio.create_subprocess_exec(
        *_backend(), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL, env=environment(env),
    )  # fmt: skip
    feeding = asyncio.create_task(_feed(request, process))
    try:
        return await _relay(request, process)
    finally:
        feeding.cancel()
        await _end(process)
        if writes:
            await asyncio.to_thread(repository.listed)  # records a pull request's new head


@cache
def _backend() -> tuple[str]:
    """The CGI program itself, since `git http-backend` would start it as another process."""
    folder = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True)
    return (f"{folder.stdout.strip()}/git-http-backend",)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Wait for the process to exit: killing one that just exited would hide its status from asyncio's watcher.

    What it still writes after a client has left is read, since it couldn't exit, and its pipe couldn't be closed.
    """
    if process.stdin is not None:
        process.stdin.close()
    try:
        await asyncio.wait_for(process.communicate(), timeout=5)
    except TimeoutError:
        process.kill()
        await process.communicate()


async def _feed(request: web.Request, process: asyncio.subprocess.Process) -> None:
    # aiohttp has decoded gzip, so Content-Length is wrong and not passed on; the program reads until EOF.
    assert process.stdin is not None  # noqa: S101  a pipe was asked for
    with contextlib.suppress(ConnectionError):
        async for chunk in request.content.iter_chunked(_CHUNK):
            process.stdin.write(chunk)
            await process.stdin.drain()
    process.stdin.close()


async def _relay(request: web.Request, process: asyncio.subprocess.Process) -> web.StreamResponse:
    assert process.stdout is not None  # noqa: S101  a pipe was asked for
    try:
        head = await process.stdout.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return web.Response(status=500, text="git http-backend ended without a response.\n")
    headers = BytesHeaderParser().parsebytes(head)
    status = int(headers.get("Status", "200").split()[0])
    del headers["Status"]
    response = web.StreamResponse(status=status, headers=dict(headers.items()))
    await response.prepare(request)
    while chunk := await process.stdout.read(_CHUNK):
        await response.write(chunk)
    await response.write_eof()
    return response
