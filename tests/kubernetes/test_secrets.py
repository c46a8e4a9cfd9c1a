"""Who is given which secrets in Kubernetes, and that what the setup makes stays with whoever made it."""

import base64

import pytest
from cryptography import x509
from tests.kubernetes.platforms import FOLDER, PODS, Platform, named, of_kind, ours, pod

from careplane.app.authority import names_in
from careplane.app.catalog import NAMES
from careplane.gateway.routes import GATEWAY

OWNERS = {"migrate": {"database-owner", "database-logins"}, "postgres": {"database-owner"}, "kafka": set()}
OPERATOR = {"database-owner", "identity", "identity-keys"}


def test_each_process_has_its_own_and_cannot_change_them(platform: Platform) -> None:
    """And in production its own password at Kafka; the operator has what an owner needs."""
    expected = {GATEWAY: {GATEWAY}, **{name: {name} for name in NAMES}, **OWNERS, "operator": set(OPERATOR)}
    expected["identity"] |= {"identity-keys"}
    if platform.name == "production":
        del expected["postgres"], expected["kafka"]
        for name in ("billing", "patient", "analytics", "operator"):
            expected[name] |= {f"kafka-{name}"}
    found = {}
    for manifest in of_kind(platform.everything, *PODS):
        volumes = pod(manifest)["spec"]["volumes"]
        secret = {it["name"]: it["secret"]["secretName"] for it in volumes if "secret" in it}
        found[manifest["metadata"]["name"]] = set(secret.values())
        mounts = pod(manifest)["spec"]["containers"][0]["volumeMounts"]
        assert all(it.get("readOnly") for it in mounts if it["name"] in secret)
    assert found == expected


def test_the_operator_has_no_more_of_identity_than_it_needs(platform: Platform) -> None:
    """Not its certificate nor the key of its calls: it could speak for identity with them."""
    (volume,) = (
        it for it in pod(named(platform.everything, "Job", "operator"))["spec"]["volumes"] if it["name"] == "identity"
    )
    assert [it["key"] for it in volume["secret"]["items"]] == ["secrets_key"]
    assert ours(named(platform.everything, "Job", "operator"))["command"][0] == "sleep", "it waits to be asked"


def test_the_authoritys_key_is_in_no_secret(platform: Platform) -> None:
    """With it anybody could make certificates: it stays where `careplane certs` is run."""
    secrets = list(of_kind(platform.parts["secrets"], "Secret"))
    assert {it["metadata"]["name"] for it in secrets} >= {GATEWAY, *NAMES, "database-owner", "database-logins"}
    assert not [it for it in secrets if "ca.key" in it.get("data", {})]


@pytest.mark.parametrize("name", [GATEWAY, *NAMES])
def test_a_certificate_proves_the_name_that_callers_ask_for(platform: Platform, name: str) -> None:
    """It is the component's own, which is also its Service's, so that no `--hosts` is needed."""
    pem = base64.b64decode(named(platform.parts["secrets"], "Secret", name)["data"]["tls.pem"])
    assert name in names_in(x509.load_pem_x509_certificate(pem))
    assert named(platform.everything, "Service", name)


def test_what_is_made_is_not_for_git() -> None:
    """The folder of secrets lies beside its kustomization, which can read nothing that lies elsewhere."""
    assert "/made/" in (FOLDER / "secrets" / ".gitignore").read_text().splitlines()
