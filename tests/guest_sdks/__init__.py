"""The SDKs with which actors are written."""
