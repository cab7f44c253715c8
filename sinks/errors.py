"""What can go wrong at a place of publication; the class says who must act."""


class SinkError(Exception):
    """Nothing was promised to be stored; use one of the subclasses."""


class SinkUnavailableError(SinkError):
    """The database cannot be reached or is overloaded: try again later, nothing is lost."""


class SinkRefusedError(SinkError):
    """The database refuses what we ask (rights, schema, type): our set-up must change."""


class FolderInUseError(SinkError):
    """The embedded folder is held by another process: ask that process, or stop it."""


class OwnershipLostError(SinkError):
    """Another process owns the region since: nothing was written; stop writing for it."""
