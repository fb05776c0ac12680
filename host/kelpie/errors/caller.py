"""The request is at fault."""

from __future__ import annotations

from kelpie.errors.base import KelpieError

__all__ = [
    "CallerError",
    "InvalidAddress",
    "InvalidRequest",
    "InvalidText",
    "InvalidArgument",
    "RouteNotFound",
    "ExpectationFailed",
    "MethodNotAllowed",
    "UnsupportedMediaType",
    "PayloadTooLarge",
    "RequestTimeout",
    "HostNotAllowed",
    "OriginNotAllowed",
    "KindNotFound",
    "OperationNotFound",
    "VersionNotFound",
    "ValueNotFound",
    "DeadLetterNotFound",
    "TraceNotFound",
    "TurnNotInFlight",
    "RequestMismatch",
    "BatchUnsupported",
    "ComponentError",
    "ComponentTooLarge",
    "ComponentInvalid",
    "ComponentRefused",
    "ComponentNotDeterministic",
    "ComponentTooCostly",
    "KindsFull",
    "DeployBreaking",
    "ImportsNotGranted",
    "KindInUse",
    "ConfigurationNotFound",
    "ConfigurationFull",
]


class CallerError(KelpieError):
    source = "caller"


class InvalidAddress(CallerError):
    code, status, title = "invalid-address", 400, "This is no actor's address"


class InvalidRequest(CallerError):
    code, status, title = "invalid-request", 400, "The request is malformed"


class InvalidText(CallerError):
    code, status, title = "invalid-text", 400, "The text is not valid UTF-8"


class InvalidArgument(CallerError):
    """Found by the client: nothing was sent. `details["operation"]` names the operation."""

    code, status, title = "invalid-argument", 400, "The operation does not take this argument"


class RouteNotFound(CallerError):
    code, status, title = "not-found", 404, "There is nothing at this path"


class MethodNotAllowed(CallerError):
    code, status, title = "method-not-allowed", 405, "This path has no such method"


class ExpectationFailed(CallerError):
    code, status, title = "expectation-failed", 417, "The host does not do what is expected"


class UnsupportedMediaType(CallerError):
    code, status, title = "unsupported-media-type", 415, "Bodies of this type are not accepted"


class PayloadTooLarge(CallerError):
    code, status, title = "payload-too-large", 413, "The body is too large"


class RequestTimeout(CallerError):
    code, status, title = "request-timeout", 408, "The body took too long to arrive"
    retryable = True


class HostNotAllowed(CallerError):
    """Perhaps a page has its own name lead here: see `kelpie.api.browsers`."""

    code, status, title = "host-not-allowed", 421, "This host is not called so"


class OriginNotAllowed(CallerError):
    code, status, title = "origin-not-allowed", 403, "A page of another origin asks for this"


class KindNotFound(CallerError):
    code, status, title = "kind-not-found", 404, "No component of this kind is deployed"


class OperationNotFound(CallerError):
    """Found by the client: nothing was sent. `details["known"]` has the operations."""

    code, status, title = "operation-not-found", 404, "The kind has no such operation"


class VersionNotFound(CallerError):
    code, status, title = "version-not-found", 404, "The kind has no such version"


class ValueNotFound(CallerError):
    code, status, title = "value-not-found", 404, "The actor has stored nothing here"


class DeadLetterNotFound(CallerError):
    code, status, title = "dead-letter-not-found", 404, "The actor has no such dead letter"


class TraceNotFound(CallerError):
    code, status, title = "trace-not-found", 404, "Nothing is known of this trace"


class TurnNotInFlight(CallerError):
    """It has ended, or never was."""

    code, status, title = "turn-not-in-flight", 404, "There is no such turn in flight"


class RequestMismatch(CallerError):
    """The id was used before, for something else: nothing is done."""

    code, status, title = "request-mismatch", 422, "This request id belongs to another request"


class BatchUnsupported(CallerError):
    code, status, title = "batch-unsupported", 422, "Actors of this kind take no batches"


class ComponentError(CallerError):
    pass


class ComponentTooLarge(ComponentError):
    code, status, title = "component-too-large", 413, "The component is too large"


class ComponentInvalid(ComponentError):
    code, status, title = "component-invalid", 400, "This is no WebAssembly"


class ComponentRefused(ComponentError):
    """WebAssembly, but no actor: `details["reasons"]` has every reason."""

    code, status, title = "component-refused", 422, "This component is no actor"


class ComponentNotDeterministic(ComponentError):
    """Two runs of it differ. `details` have the `operation` of its script, or
    `describe`, and the `host_call` that differs first, counted from 1, if one does."""

    code, status, title = (
        "component-not-deterministic",
        422,
        "The component does not do the same twice",
    )


class ComponentTooCostly(ComponentError):
    code, status, title = "component-too-costly", 422, "The component takes too much to compile"


class KindsFull(CallerError):
    code, status, title = "kinds-full", 409, "The namespace has as many kinds as it may"


class DeployBreaking(CallerError):
    """Nothing was deployed: `details["reasons"]` has what callers would miss."""

    code, status, title = "deploy-breaking", 409, "The component removes or narrows operations"


class ImportsNotGranted(CallerError):
    """Nothing was deployed: `details["missing"]` names the interfaces."""

    code, status, title = "imports-not-granted", 422, "The component imports what it may not use"


class KindInUse(CallerError):
    """Nothing was deleted: `details` counts what its actors hold."""

    code, status, title = "kind-in-use", 409, "Actors of this kind hold data"


class ConfigurationNotFound(CallerError):
    code, status, title = "configuration-not-found", 404, "The kind has nothing set by this name"


class ConfigurationFull(CallerError):
    """Nothing was changed."""

    code, status, title = "configuration-full", 409, "The kind has as much set as it may"
