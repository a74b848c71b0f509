"""What is not known of BankID, or differs: each a choice that a test can make. Source: BankID RP API v6.0."""

from collections.abc import Mapping
from dataclasses import dataclass


class OptionError(Exception):
    """There is no such choice. The text is a fixed one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """``second_order_cancels_first``: a refused second order for a number also ends the first."""

    refuses_unknown_members: bool = False
    second_order_cancels_first: bool = True

    @classmethod
    def parse(cls, members: Mapping[str, object]) -> "Options":
        """``{"unknownMembers": "ignore"|"reject", "secondOrderCancelsFirst": bool}``, all optional.

        Raises ``OptionError``.
        """
        unknown = members.get("unknownMembers", "ignore")
        cancels = members.get("secondOrderCancelsFirst", True)
        if members.keys() - {"unknownMembers", "secondOrderCancelsFirst"} or unknown not in ("ignore", "reject"):
            raise OptionError("there is no such option")
        if not isinstance(cancels, bool):
            raise OptionError("secondOrderCancelsFirst is true or false")
        return cls(refuses_unknown_members=unknown == "reject", second_order_cancels_first=cancels)
