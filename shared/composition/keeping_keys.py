"""Keys of organisations, and the peppers of the deployment: kept, rotated, retired, destroyed."""

from functools import cached_property
from typing import TYPE_CHECKING

from shared.composition.recording import Recording

if TYPE_CHECKING:
    from shared.services.address_pepper import AddressPepper
    from shared.services.custody import Custodies
    from shared.services.keyring import Keyring
    from shared.services.off_boarding import OffBoarding
    from shared.services.own_keys import OwnKeys
    from shared.services.repseudonymising import Repseudonymising
    from shared.services.retiring_keys import RetiringKeys
    from shared.services.rotating_keys import RotatingKeys


class KeepingKeys(Recording):
    """Services that know keys."""

    @cached_property
    def keyring(self) -> "Keyring":
        from shared.services.keyring import Keyring

        return Keyring(
            records=self.records, keys=self.keys, custodies=self.custodies, clock=self.clock, random=self.random
        )

    @cached_property
    def custodies(self) -> "Custodies":
        from shared.services.custody import Custodies

        return Custodies(records=self.records, clock=self.clock)

    @cached_property
    def rotating_keys(self) -> "RotatingKeys":
        from shared.services.rotating_keys import RotatingKeys

        return RotatingKeys(
            records=self.records,
            keys=self.keys,
            custodies=self.custodies,
            audit=self.audit,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def retiring_keys(self) -> "RetiringKeys":
        from shared.services.retiring_keys import RetiringKeys

        return RetiringKeys(
            records=self.records, keyring=self.keyring, audit=self.audit, clock=self.clock, random=self.random
        )

    @cached_property
    def own_keys(self) -> "OwnKeys":
        from shared.services.own_keys import OwnKeys

        return OwnKeys(
            records=self.records,
            keys=self.keys,
            custodies=self.custodies,
            rotating=self.rotating_keys,
            audit=self.audit,
            random=self.random,
        )

    @cached_property
    def off_boarding(self) -> "OffBoarding":
        from shared.services.off_boarding import OffBoarding

        return OffBoarding(
            records=self.records, keys=self.keys, custodies=self.custodies, audit=self.audit, clock=self.clock
        )

    @cached_property
    def address_pepper(self) -> "AddressPepper":
        from shared.services.address_pepper import AddressPepper

        return AddressPepper(records=self.records, pepper=self.settings.address_pepper)

    @cached_property
    def repseudonymising(self) -> "Repseudonymising":
        from shared.services.repseudonymising import Repseudonymising

        return Repseudonymising(
            records=self.records, keyring=self.keyring, peppers=self.settings.peppers, random=self.random
        )
