"""The store is at fault."""

from __future__ import annotations

from kelpie.errors.platform import PlatformError

__all__ = [
    "StoreError",
    "StoreConflict",
    "StoreTooOld",
    "StoreCommitUnknown",
    "StoreReadFailed",
    "StoreWriteFailed",
    "StoreFull",
    "StoreStopped",
    "StoredValueCorrupt",
    "StoreFormatUnsupported",
    "Unreadable",
    "DataDirectoryLocked",
]


class StoreError(PlatformError):
    status = 503


class StoreConflict(StoreError):
    """Another transaction wrote what this one read: surely not committed."""

    code, title = "store-conflict", "A transaction met another one"


class StoreTooOld(StoreError):
    """The read version is too old: surely not committed."""

    code, title = "store-too-old", "A transaction took too long"


class StoreCommitUnknown(StoreError):
    """The commit may have happened, may yet happen, or not."""

    code, title = "store-commit-unknown", "Whether a transaction was committed is not known"


class StoreReadFailed(StoreError):
    code, title = "store-read-failed", "The store could not be read"


class StoreWriteFailed(StoreError):
    """Surely not committed."""

    code, title = "store-write-failed", "The store could not be written"


class StoreFull(StoreWriteFailed):
    code, status, title = "store-full", 507, "The disk is full"


class StoreStopped(StoreError):
    """The store met an error after which nothing it says can be trusted."""

    code, title = "store-stopped", "The store has stopped"


class Unreadable(StoreError):
    """Something is stored, and what it is cannot be known."""


class StoredValueCorrupt(Unreadable):
    """A stored value fails its checksum: it is named, and never decoded."""

    code, status, title = "stored-value-corrupt", 500, "A stored value is damaged"
    retryable = False


class StoreFormatUnsupported(Unreadable):
    code, status, title = "store-format-unsupported", 500, "The data is of another format version"
    retryable = False


class DataDirectoryLocked(StoreError):
    code, status, title = "data-directory-locked", 500, "Another host uses this data directory"
    retryable = False
