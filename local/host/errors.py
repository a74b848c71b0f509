"""Why the host refuses to start, in words for the person at the keyboard."""


class HostError(Exception):
    """The host cannot start. The message is printed as it is and never holds the value of a setting."""


class PortTakenError(HostError):
    """Another process listens on the port."""
