"""Sessions of everybody who signs in, and what limits their number."""

from functools import cached_property
from typing import TYPE_CHECKING

from shared.composition.organising import Organising

if TYPE_CHECKING:
    from shared.domain.sessions import SessionLimits
    from shared.services.admitting import Admitting
    from shared.services.own_sessions import OwnSessions
    from shared.services.redirects import Redirects
    from shared.services.session_index import SessionIndex
    from shared.services.sessions import Sessions


class OpeningSessions(Organising):
    """Services between a proof of who somebody is and what they may do."""

    @cached_property
    def session_index(self) -> "SessionIndex":
        from shared.services.session_index import SessionIndex

        return SessionIndex(records=self.records)

    @cached_property
    def session_limits(self) -> "SessionLimits":
        from shared.domain.sessions import SessionLimits

        sign_in = self.settings.sign_in
        return SessionLimits(idle=sign_in.idle_limit, absolute=sign_in.absolute_limit)

    @cached_property
    def sessions(self) -> "Sessions":
        from shared.services.sessions import Sessions

        return Sessions(
            records=self.records_ahead,
            index=self.session_index,
            keyring=self.keyring,
            expiries=self.expiries,
            settings=self.organisation_settings,
            audit=self.audit,
            limits=self.session_limits,
            pepper=self.settings.peppers.current,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def own_sessions(self) -> "OwnSessions":
        from shared.services.own_sessions import OwnSessions

        return OwnSessions(
            records=self.records,
            index=self.session_index,
            keyring=self.keyring,
            audit=self.audit,
            limits=self.session_limits,
            clock=self.clock,
        )

    @cached_property
    def admitting(self) -> "Admitting":
        from shared.domain.admission import AdmissionPolicy
        from shared.services.admitting import Admitting

        return Admitting(
            sessions=self.sessions,
            audit=self.audit,
            peppers=self.settings.peppers,
            limiting=self.limiting,
            policy=AdmissionPolicy(risks=self.settings.sign_in.risks, addresses=self.settings.sign_in.addresses),
            clock=self.clock,
        )

    @cached_property
    def redirects(self) -> "Redirects":
        from shared.services.redirects import Redirects

        return Redirects(
            records=self.records, keyring=self.keyring, expiries=self.expiries, clock=self.clock, random=self.random
        )
