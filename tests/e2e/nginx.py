"""A real nginx with `deploy/nginx/tapecast.conf`: a free port, a folder of its own, nobody's rights but ours.

Only what belongs to a machine is replaced: ports, the folder of the logs. What the api says against buffering
(`X-Accel-Buffering: no`) is ignored here: the lines of the file alone must keep events from waiting.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import eventually, free_port

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
CONFIGURATION = Path(__file__).parents[2] / "deploy" / "nginx" / "tapecast.conf"

needs_nginx = pytest.mark.skipif(NGINX is None, reason="no nginx here (Debian: apt-get install nginx-light)")

# One process, in the foreground: what a test started, it can end.
MAIN = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/main.log;
events {{ worker_connections 512; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    proxy_ignore_headers X-Accel-Buffering;
    include {folder}/tapecast.conf;
}}
"""

PLAIN = "server { listen 127.0.0.1:%d; access_log off; location / { proxy_pass http://127.0.0.1:%d; } }"


@dataclass
class Nginx:
    """A running one."""

    base: str
    # Where its logs are.
    folder: Path

    @property
    def logs(self) -> str:
        """All that it has logged anywhere."""
        return "\n".join(path.read_text("utf-8") for path in sorted(self.folder.glob("*.log")))


def configuration(folder: Path, port: int, upstream: int, changes: Mapping[str, str]) -> str:
    """The file that people copy, for this machine. Each replaced line must be there."""
    text = CONFIGURATION.read_text("utf-8")
    machine = {
        "listen 80 ": f"listen 127.0.0.1:{port} ",
        "    listen [::]:80 sndbuf=32k;\n": "",
        "server 127.0.0.1:8000 ": f"server 127.0.0.1:{upstream} ",
        "/var/log/nginx": str(folder),
    }
    for line, instead in {**machine, **changes}.items():
        assert line in text, line
        text = text.replace(line, instead)
    return text


@asynccontextmanager
async def nginx(
    upstream: int, changes: Mapping[str, str] | None = None, *, plain: bool = False
) -> AsyncIterator[Nginx]:
    """Running in front of an api at this port, for the length of the block. `plain`: told nothing else."""
    assert NGINX is not None
    port = free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = PLAIN % (port, upstream) if plain else configuration(folder, port, upstream, changes or {})
        (folder / "tapecast.conf").write_text(text, "utf-8")
        (folder / "nginx.conf").write_text(MAIN.format(folder=folder), "utf-8")
        process = await asyncio.create_subprocess_exec(
            NGINX, "-p", name, "-c", f"{name}/nginx.conf", "-e", f"{name}/main.log",
            stdin=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        running = Nginx(f"http://127.0.0.1:{port}", folder)
        try:
            await eventually(lambda: _listens(process, port), "nginx listens")
            yield running
        finally:
            if process.returncode is None:
                process.terminate()
            async with asyncio.timeout(30):
                await process.wait()


async def _listens(process: asyncio.subprocess.Process, port: int) -> bool:
    assert process.returncode is None, "nginx has ended"
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True
