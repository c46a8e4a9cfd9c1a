"""Words for the gateway: its route table, told to others."""

from typing import Annotated, Literal

from cyclopts import App, Parameter

from careplane.app.words.options import Config, settings_of

gateway = App(name="gateway", help="Look after the gateway's routes.")


@gateway.command
def export_openapi(
    *,
    config: Config = None,
    form: Annotated[Literal["json", "yaml"], Parameter(name="--format", help="How it is written.")] = "json",
    component: Annotated[str, Parameter(help="Only what this component answers. None: all.")] = "",
    aws: Annotated[bool, Parameter(negative="", help="For API Gateway: what an HTTP API imports.")] = False,
) -> None:
    """Print the OpenAPI document that the gateway serves; for that nothing is started."""
    from careplane.app.commands.export_openapi import run_export_openapi

    run_export_openapi(settings_of(config), component=component, aws=aws, as_yaml=form == "yaml")
