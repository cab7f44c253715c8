"""What stops the embedded process; the texts are for its operator (Dutch)."""


class OperatorError(Exception):
    """Something outside the messages must be set right first; the text says what."""


class DataInUseError(OperatorError):
    """Another process works in this folder."""


class KeyMismatchError(OperatorError):
    """The pseudonym key is gone, or is not the one that the state was made with."""


class StateError(OperatorError):
    """The state was made by a newer version, or is damaged."""
