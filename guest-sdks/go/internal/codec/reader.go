// Package codec turns Go values into JSON and JSON into Go values, more
// strictly than encoding/json: names match exactly, nothing unknown, missing,
// doubled or out of range passes, and each problem names its member. It also
// describes the types as JSON Schema.
package codec

import (
	"strconv"
	"unicode/utf8"
)

// DepthMax is how many levels of arrays and objects a text may have.
const DepthMax = 128

// reader goes once through a JSON text.
type reader struct {
	text  string
	at    int
	depth int
}

func (r *reader) space() { r.next() }

// next is the next byte that is no space; 0 at the end of the text.
func (r *reader) next() byte {
	// In variables of its own, here and below: in WebAssembly what lies behind a
	// pointer is loaded and checked anew for each byte.
	text, at := r.text, r.at
	for at < len(text) {
		symbol := text[at]
		if symbol > ' ' || symbol != ' ' && symbol != '\t' && symbol != '\n' && symbol != '\r' {
			r.at = at
			return symbol
		}
		at++
	}
	r.at = at
	return 0
}

func (r *reader) take(symbol byte) bool {
	if r.next() != symbol {
		return false
	}
	r.at++
	return true
}

func (r *reader) bad() error {
	if r.at >= len(r.text) {
		return wrong("is not JSON: it ends too early")
	}
	return wrong("is not JSON: unexpected " + strconv.QuoteRune(r.symbol()) + " at byte " + strconv.Itoa(r.at))
}

func (r *reader) symbol() rune {
	symbol, _ := utf8.DecodeRuneInString(r.text[r.at:])
	return symbol
}

func (r *reader) enter() error {
	r.at++
	r.depth++
	if r.depth > DepthMax {
		return wrong("is nested in more than " + strconv.Itoa(DepthMax) + " levels")
	}
	return nil
}

func (r *reader) leave() {
	r.at++
	r.depth--
}

func (r *reader) literal(word string) bool {
	if len(r.text)-r.at < len(word) || r.text[r.at:r.at+len(word)] != word {
		return false
	}
	r.at += len(word)
	return true
}

// end refuses whatever follows the value.
func (r *reader) end() error {
	if r.next() != 0 || r.at < len(r.text) {
		return r.bad()
	}
	return nil
}

// number is the text of a JSON number. Whatever begins like none is refused.
func (r *reader) number() (string, error) {
	start := r.at
	if r.at < len(r.text) && r.text[r.at] == '-' {
		r.at++
	}
	if r.at < len(r.text) && r.text[r.at] == '0' {
		r.at++
	} else if !r.digits() {
		return "", r.bad()
	}
	if r.at < len(r.text) && r.text[r.at] == '.' {
		r.at++
		if !r.digits() {
			return "", r.bad()
		}
	}
	large := r.at-start > 300
	if r.at < len(r.text) && r.text[r.at]|0x20 == 'e' {
		large = true
		r.at++
		if r.at < len(r.text) && (r.text[r.at] == '+' || r.text[r.at] == '-') {
			r.at++
		}
		if !r.digits() {
			return "", r.bad()
		}
	}
	if large {
		// What no float64 can be is refused everywhere, as others could not read it.
		if _, err := strconv.ParseFloat(r.text[start:r.at], 64); err != nil {
			return "", wrong("is too large a number: " + shown(r.text[start:r.at]))
		}
	}
	return r.text[start:r.at], nil
}

func (r *reader) digits() bool {
	text, at := r.text, r.at
	for at < len(text) && text[at]-'0' <= 9 {
		at++
	}
	found := at > r.at
	r.at = at
	return found
}

// members calls each for every member of an object, behind its colon.
func (r *reader) members(each func(name string) error) error {
	if err := r.enter(); err != nil {
		return err
	}
	for count := 0; r.next() != '}'; count++ {
		if count > 0 && !r.take(',') {
			return r.bad()
		}
		if r.next() != '"' {
			return r.bad()
		}
		name, err := r.string()
		if err != nil {
			return err
		}
		if !r.take(':') {
			return r.bad()
		}
		r.space()
		if err := each(name); err != nil {
			return err
		}
	}
	r.leave()
	return nil
}

// items calls each for every item of an array.
func (r *reader) items(each func(index int) error) error {
	if err := r.enter(); err != nil {
		return err
	}
	for index := 0; r.next() != ']'; index++ {
		if index > 0 && !r.take(',') {
			return r.bad()
		}
		r.space()
		if err := each(index); err != nil {
			return withinItem(index, err)
		}
	}
	r.leave()
	return nil
}
