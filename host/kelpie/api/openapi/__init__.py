"""The OpenAPI document: of the routes that there are, and of the kinds that are deployed.

published    a component's JSON Schema, made fit for a document that others read
shapes       the JSON that the host itself takes and answers
operations   a route, or an operation of a kind, as an operation of the document
document     the whole
handler      `GET /v1/openapi.json`
"""

from __future__ import annotations
