"""Running Switchboard on a developer's machine."""
