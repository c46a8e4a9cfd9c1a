"""cfn-lint finds nothing in the template, of any level, and can find something."""

from pathlib import Path

import cfnlint.api
import cfnlint.config
from tests.cloud.template import TEMPLATE


def _found(template: Path) -> list[str]:
    matches = cfnlint.api.lint_file(
        template, config=cfnlint.config.ManualArgs(regions=["eu-central-1", "us-east-1"], include_checks=["I"])
    )
    return [f"{template.name}:{one.linenumber} {one.rule.id} {one.message}" for one in matches]


def test_the_template_is_clean() -> None:
    """No error, no warning, no remark; exceptions stand in the template's Metadata, each with its reason."""
    found = _found(TEMPLATE)
    assert not found, "\n".join(found)


def test_a_fault_is_found(tmp_path: Path) -> None:
    """A property that no resource has, put into the template itself, is named with its line, and nothing else is."""
    (tmp_path / "http-api.yaml").write_bytes((TEMPLATE.parent / "http-api.yaml").read_bytes())
    template = tmp_path / TEMPLATE.name
    line = "      StorageEncrypted: true\n"
    text = TEMPLATE.read_text("utf-8")
    template.write_text(text.replace(line, f"{line}      Colour: red\n", 1), "utf-8")
    (found,) = _found(template)
    assert found.startswith(f"{TEMPLATE.name}:{text.partition(line)[0].count(chr(10)) + 2} E3002")
    assert "Colour" in found
