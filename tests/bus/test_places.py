"""Every form of REDIS_URL is read, and a wrong one is said without its secrets."""

from __future__ import annotations

import pytest

from tapecast.bus.places import place_of
from tapecast.settings import load


def test_sentinels_are_read() -> None:
    """Hosts, service, database and both passwords; the name has no secret."""
    place = place_of("rediss+sentinel://u:p@a:1,b,[::1]:3/tape/2?sentinel_password=s&ssl_ca_certs=/ca.pem")
    assert place.hosts == (("a", 1), ("b", 26379), ("::1", 3))
    assert (place.kind, place.service, place.sentinel_password) == ("sentinel", "tape", "s")
    assert place.url == "rediss://u:p@a:1/2?ssl_ca_certs=%2Fca.pem"
    assert place.name == "a:1,b:26379,[::1]:3/tape/2"


@pytest.mark.parametrize(("given", "used"), [("", "{tapecast}"), ("x", "{x}"), ("a{b}:", "a{b}:")])
def test_a_cluster_has_its_keys_in_one_slot(given: str, used: str) -> None:
    """A prefix without a hash tag becomes one, and only there."""
    assert place_of("redis+cluster://a,b").prefix(given) == used
    assert place_of("redis://a").prefix(given) == given


@pytest.mark.parametrize(
    "url", ["redis+sentinel://:hunter2@a", "redis+cluster://:hunter2@a/1", "http+cluster://a", "redis+ring://a",
            "redis+cluster://:hunter2@", "redis+cluster://a:hunter2", "redis+cluster://u:hunter2/x@a",
            "redis+sentinel://u:1/hunter2@a/tape", "redis+sentinel://u:1?hunter2@a/tape",
            "redis+sentinel://u:1#hunter2@a/tape"],
)  # fmt: skip
def test_a_wrong_one_is_said(url: str) -> None:
    """Without the password."""
    with pytest.raises(ValueError, match=r"it|cluster") as caught:
        place_of(url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("url", ["redis+sentinel://:p@a:1,b:2/tape", "rediss+cluster://a:1,b:2"])
def test_several_hosts_pass_the_settings(url: str) -> None:
    """What the bus reads must get as far."""
    assert load({"REDIS_URL": url}).redis_url is not None
