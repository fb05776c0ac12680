"""An answer, as it arrives."""

from __future__ import annotations

import httptools

from kelpie.api.http_client.failures import NotHttp

__all__ = ["ArrivingAnswer"]

_OK = 200
# A colon, a space, and the end of the line.
_BYTES_AROUND = 4


class ArrivingAnswer:
    """Parses one answer after the other: `forget` lies between them. Those that are
    informational are passed over."""

    def __init__(self, head_bytes_max: int) -> None:
        # It calls the methods below that begin with `on_`.
        self._parser = httptools.HttpResponseParser(self)
        self._head_bytes_max = head_bytes_max
        self.forget()

    def forget(self) -> None:
        """Of what comes now, nothing has come yet."""
        self.status = 0
        self.headers: dict[str, str] = {}
        """By their names in lower case. Of those that come twice the last one counts."""
        self.has_begun = False
        self.has_head = False
        self.is_whole = False
        self.may_follow = False
        """Whether another one may come on the same connection."""
        self.unread_bytes = 0
        self._pieces: list[bytes] = []
        self._bytes_before_head = 0
        self._bytes_of_headers = 0
        self._has_body = True

    def expect(self, method: str) -> None:
        """Says what it is the answer to."""
        self._has_body = method != "HEAD"

    def feed(self, data: bytes) -> None:
        """Raises:
        NotHttp: it is none.
        """
        self.has_begun = True
        if not self.has_head:
            self._bytes_before_head += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            raise NotHttp("it changes to something that nobody has asked for") from None
        except httptools.HttpParserError as error:
            if not self.is_whole:
                raise NotHttp(str(error)) from None
            self.may_follow = False
        size = self._bytes_of_headers if self.has_head else self._bytes_before_head
        if size > self._head_bytes_max:
            raise NotHttp(
                f"its head has more than {self._head_bytes_max} bytes (client_head_bytes_max)"
            )

    def end(self) -> None:
        """Nothing more comes: that ends the body if its length is not said."""
        is_chunked = "chunked" in self.headers.get("transfer-encoding", "").lower()
        if self.has_head and not is_chunked and "content-length" not in self.headers:
            self.is_whole = True

    def take(self) -> bytes:
        """What has come of the body, and was not taken yet."""
        pieces, self._pieces = self._pieces, []
        self.unread_bytes = 0
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    # What the parser calls.

    def on_message_begin(self) -> None:
        if self.is_whole:
            self.may_follow = False  # it has come too soon

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.has_head:
            self._bytes_of_headers += len(name) + len(value) + _BYTES_AROUND
            self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        if self.has_head:
            return
        self.status = self._parser.get_status_code()
        if self.status < _OK:
            self.headers = {}
            return
        self.has_head = True
        # The parser does not know that none comes, and is of no more use.
        self.is_whole = not self._has_body

    def on_body(self, data: bytes) -> None:
        if not self.is_whole:
            self._pieces.append(data)
            self.unread_bytes += len(data)

    def on_message_complete(self) -> None:
        if self.has_head and not self.is_whole:
            self.is_whole = True
            self.may_follow = self._parser.should_keep_alive()
