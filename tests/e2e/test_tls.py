"""`rediss://` with its authority named as docs/deploy.md says, and what is said of a wrong one.

Behind sentinels and in a cluster: `test_topologies.py`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tapecast.bus.connection import open_bus, require
from tapecast.errors import BusUnavailable, StartError
from tests.e2e import topologies
from tests.e2e.certificates import Certificates
from tests.e2e.pipe import pipe
from tests.e2e.processes import tapecast
from tests.e2e.topologies import Server
from tests.support import eventually

pytestmark = pytest.mark.e2e

SECRET = "hunter2"


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    """An authority of the test's own."""
    return Certificates(tmp_path)


@pytest.fixture
async def secure(certificates: Certificates) -> AsyncIterator[Server]:
    """A server that speaks nothing but TLS."""
    async with topologies.server("--save", "", tls=certificates, password=SECRET) as one:
        yield one


def url(server: Server, options: str = "", scheme: str = "rediss") -> str:
    """Where it is, with its password."""
    return f"{scheme}://:{SECRET}@127.0.0.1:{server.port}/0{options}"


async def refused(redis_url: str) -> str:
    """What the start says of it, at once."""
    with pytest.raises(StartError) as caught:
        async with open_bus(redis_url) as bus:
            await require(bus)
    assert SECRET not in str(caught.value)
    return str(caught.value)


async def test_prices_flow_over_tls(
    secure: Server, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From ingest to a page, the lease, the fence and pub/sub included."""
    # Nobody had a lease in this server before.
    monkeypatch.setattr("tapecast.bus.lease.GROWN_S", 0)
    async with pipe(url(secure, f"?ssl_ca_certs={certificates.ca}")) as running:
        async with running.prices("AAPL") as stream:
            await eventually(lambda: stream.state("AAPL") == "live", "live")
            await stream.goes_on("AAPL")


async def test_an_unknown_authority_ends_the_start(secure: Server, tmp_path: Path) -> None:
    """Waiting would not help; the message says how to name one."""
    other = Certificates(tmp_path / "other")
    for options in ("", f"?ssl_ca_certs={other.ca}"):
        said = await refused(url(secure, options))
        assert "is not valid here: self-signed certificate" in said
        assert "?ssl_ca_certs=" in said


async def test_an_expired_certificate_ends_the_start(tmp_path: Path) -> None:
    """And is called so."""
    late = Certificates(tmp_path, expired=True)
    async with topologies.server("--save", "", tls=late, password=SECRET) as one:
        said = await refused(url(one, f"?ssl_ca_certs={late.ca}"))
        assert said.endswith("certificate has expired")


async def test_a_certificate_of_another_host_ends_the_start(tmp_path: Path) -> None:
    """It is valid, but somebody else's."""
    others = Certificates(tmp_path, names="DNS:elsewhere")
    async with topologies.server("--save", "", tls=others, password=SECRET) as one:
        assert "not valid for '127.0.0.1'" in await refused(url(one, f"?ssl_ca_certs={others.ca}"))


@pytest.mark.parametrize(
    ("options", "said"),
    [("?ssl_ca_certs=/nowhere.pem", "cannot be used: [Errno 2] No such file"),
     ("?ssl_ca_cert=/nowhere.pem", "option that is unknown, or needs rediss://: ssl_ca_cert"),
     ("?ssl_cert_reqs=perhaps", "perhaps")],
)  # fmt: skip
async def test_a_wrong_option_ends_the_start(options: str, said: str) -> None:
    """Before anything is dialled."""
    assert said in await refused(f"rediss://:{SECRET}@127.0.0.1:1{options}")


async def test_options_of_tls_need_tls() -> None:
    """Else one would believe to be safe."""
    said = await refused(f"redis://:{SECRET}@127.0.0.1:1?ssl_ca_certs=/ca.pem")
    assert "needs rediss://" in said


async def test_the_other_scheme_is_hinted_at(secure: Server, valkey_url: str) -> None:
    """Neither side tells, so both are waited for; what is said meanwhile names the likely reason."""
    for wrong, hint in (
        (url(secure, scheme="redis"), "write rediss://"),
        (valkey_url.replace("redis://", f"rediss://:{SECRET}@"), "write redis://"),
    ):
        async with open_bus(wrong) as bus:
            with pytest.raises(BusUnavailable, match=hint) as caught:
                await require(bus)
        assert SECRET not in str(caught.value)


@pytest.mark.parametrize("command", ["ingest", "api"])
async def test_a_process_exits_and_says_why(command: str, secure: Server) -> None:
    """One line for a person, with exit code 1, and no password."""
    env = {"REDIS_URL": url(secure), "FEED": "simulated"}
    options = ("--port", "0") if command == "api" else ()
    async with tapecast(command, *options, env=env) as child:
        assert await child.ended() == 1
        assert "is not valid here: self-signed certificate" in child.output
        assert "Traceback" not in child.output
        assert SECRET not in child.output
