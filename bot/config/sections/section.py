"""The base class of the sections of the configuration file."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.fields import FieldInfo


class Section(BaseModel):
    """One mapping of the file. A field's description completes the sentence "expected …"."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_keys_without_value(cls, data: object) -> object:
        """Keys and sections without a value count as not set."""
        if data is None:
            return {}
        if isinstance(data, dict):
            keys = cls.fields_by_key()
            return {key: value for key, value in data.items() if value is not None or key not in keys}
        return data

    @classmethod
    def fields_by_key(cls) -> Mapping[str, FieldInfo]:
        """The fields by their key in the file, which may be a Python keyword such as `from`."""
        return {info.alias or name: info for name, info in cls.model_fields.items()}
