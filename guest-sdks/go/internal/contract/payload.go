// Package contract has the words of wit/actor.wit in Go: what the packages of
// the SDK share, and what stands between an actor and its host.
package contract

// Payload is what travels: arguments, replies, stored values. It is text or
// bytes, and what was stored or sent as one comes back as the same one.
type Payload struct {
	text   string
	bytes  []byte
	binary bool
}

// Text is a payload of UTF-8 text.
func Text(text string) Payload { return Payload{text: text} }

// Bytes is a payload of bytes.
func Bytes(bytes []byte) Payload { return Payload{bytes: bytes, binary: true} }

// IsText says whether it is text and not bytes.
func (p Payload) IsText() bool { return !p.binary }

// Text is the text of a payload that is text, else empty.
func (p Payload) Text() string { return p.text }

// Bytes is the content of a payload that is bytes, else nil.
func (p Payload) Bytes() []byte { return p.bytes }

// Len is the number of bytes in it.
func (p Payload) Len() int { return len(p.text) + len(p.bytes) }
