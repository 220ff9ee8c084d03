"""How the REST API shows its resources: the only place that renders them, a module for each kind.

Keys and formats: Twilio's OpenAPI, https://github.com/twilio/twilio-oai spec/json/twilio_api_v2010.json
"""

from datetime import datetime

from simulator.web.parameters import API_VERSION, rfc2822


def account_path(sid: str) -> str:
    """Write the path below which an account's resources are."""
    return f"/{API_VERSION}/Accounts/{sid}"


def render_moment(value: datetime | None) -> str | None:
    """Write a moment, if there is one."""
    return None if value is None else rfc2822(value)
