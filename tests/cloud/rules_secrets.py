"""Where secrets are: never in an environment, a command, a label or the template, whatever they are called."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from tests.cloud.deploy_document import Json
from tests.cloud.rules_network import containers
from tests.cloud.template import Part, View

from careplane.app.settings_source import all_settings

_SECRET_WORD: Final = re.compile(
    r"PASSW|PASSPHRASE|(^|_)(PASS|PWD)(_|$)|SECRET|TOKEN|CREDENTIAL|PRIVATE|APIKEY|API_KEY|ACCESS_KEY|LOGINS|_KEY$",
    re.IGNORECASE,
)
_NAMES_A_PLACE: Final = re.compile(r"_(FILE|DIR)$")
_URL_WITH_PASSWORD: Final = re.compile(r"\w+://[^/?#\s@:]*:[^/?#\s@]+@")
_TELLING: Final = re.compile(r"\{\{resolve:|PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b|[?&]password=", re.IGNORECASE)
_MADE: Final = "AWS::SecretsManager::Secret"
_KEEPERS: Final = (_MADE, "AWS::RDS::DBInstance")
_SHORTEST: Final = 32
_OUR_SECRETS: Final = tuple(setting.variable for setting in all_settings() if setting.secret)


def no_secret_in_environment(view: View) -> Iterator[str]:
    """No container is told a secret in its environment, command, entry point or labels."""
    for task in view.of("AWS::ECS::TaskDefinition"):
        for of in containers(task):
            where = f"{of['Name']} of {task.name}"
            for one in of.get("Environment", []):
                is_no_place = _NAMES_A_PLACE.search(one["Name"]) and not str(one["Value"]).startswith("/")
                if _is_secret_name(one["Name"]) or _tells(view, one["Value"]) or is_no_place:
                    yield f"{where} is told {one['Name']} in its environment: give it under Secrets, or as a file."
            for key in sorted(of.keys() - {"Environment", "Secrets"}):
                if _tells(view, of[key]):
                    yield f"{where} is told a secret in its {key}: give it under Secrets, or as a file."
            if of.get("EnvironmentFiles"):
                yield f"{where} reads its environment from where no rule looks: take EnvironmentFiles away."
            for one in of.get("Secrets", []):
                if not _is_kept(view, one["ValueFrom"]):
                    yield f"{where} gets {one['Name']} from where no secret is kept: name one of Secrets Manager."


def _is_secret_name(name: str) -> bool:
    """Tell whether a variable is a secret by the settings' own word, or by what it is called."""
    if _NAMES_A_PLACE.search(name):
        return False
    for variable in _OUR_SECRETS:
        is_address = variable.endswith("DATABASE_URL")  # secret for a password in it, which is looked for by itself
        if not is_address and (name == variable or name.startswith(f"{variable}_")):
            return True
    return bool(_SECRET_WORD.search(name)) and name != "CAREPLANE_KAFKA_SASL_USERNAME"


def _tells(view: View, value: Any) -> bool:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if _URL_WITH_PASSWORD.search(text) or _TELLING.search(text):
        return True
    if any(view.parts[name].kind == _MADE for name in view.named_in(text)) or "MasterUserSecret" in text:
        return True
    return any(str(view.parameters[name]) in text for name in _hidden(view.template) if view.parameters[name])


def _is_kept(view: View, value_from: Any) -> bool:
    return any(view.parts[name].kind in _KEEPERS for name in view.named_in(value_from))


def _hidden(template: Json) -> list[str]:
    return [name for name, about in template["Parameters"].items() if str(about.get("NoEcho")).casefold() == "true"]


def secrets_are_made_and_hidden(view: View) -> Iterator[str]:
    """Passwords are made by Secrets Manager or RDS: none is written in the template, or shown."""
    for part in view.of(_MADE):
        yield from _made(part)
    for part in view.of("AWS::RDS::DBInstance", "AWS::RDS::DBCluster"):
        if "MasterUserPassword" in part.properties or not part.is_on("ManageMasterUserPassword"):
            yield f"{part.name} has its owner's password from the template: set ManageMasterUserPassword to true."
    for part in view.parts.values():
        text = json.dumps(part.properties, ensure_ascii=False)
        if _TELLING.search(text) or _URL_WITH_PASSWORD.search(text):
            yield f"{part.name} has a secret among its properties: let Secrets Manager make it, and name that."
    for name in view.template["Parameters"]:
        spelled = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
        if _SECRET_WORD.search(spelled) and name not in _hidden(view.template):
            yield f"The parameter {name} is shown to whoever describes the stack: let Secrets Manager make it."
    for name, value in view.outputs.items():
        if _TELLING.search(str(value)) or _URL_WITH_PASSWORD.search(str(value)):
            yield f"The output {name} tells a secret: tell where it is kept instead."


def _made(secret: Part) -> Iterator[str]:
    how = secret.said("GenerateSecretString")
    if "SecretString" in secret.properties or not how:
        yield f"{secret.name} has its secret from the template: let GenerateSecretString make it."
        return
    if int(how.get("PasswordLength", 0)) < _SHORTEST:
        yield f"{secret.name} is short: make it of {_SHORTEST} characters or more."
    written = [key for key in json.loads(how.get("SecretStringTemplate", "{}")) if _SECRET_WORD.search(key)]
    if written:
        yield f"{secret.name} has {', '.join(written)} written in the template: let GenerateStringKey make it."
