"""Build hook: the wheel carries flows/ and templates/ as changeflow/flows and changeflow/templates."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CarryTopLevelFolders(BuildHookInterface):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "standard":
            build_data["force_include"]["flows"] = "changeflow/flows"
            build_data["force_include"]["templates"] = "changeflow/templates"
