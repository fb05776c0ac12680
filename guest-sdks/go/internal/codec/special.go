package codec

import (
	"reflect"
	"strconv"
	"strings"
	"unsafe"
)

// JSON is the text of one JSON value.
type JSON string

// Number is a JSON number as it was written.
type Number string

// Int64 is the number as an integer. It fails if it is none, or too large.
func (n Number) Int64() (int64, error) { return strconv.ParseInt(string(n), 10, 64) }

// Float64 is the number, as near as a float64 comes to it.
func (n Number) Float64() (float64, error) { return strconv.ParseFloat(string(n), 64) }

// The interfaces of encoding/json and encoding, which is not imported: it and
// what it needs are a third of a small component.
type (
	jsonMarshaler   interface{ MarshalJSON() ([]byte, error) }
	jsonUnmarshaler interface{ UnmarshalJSON([]byte) error }
	textMarshaler   interface{ MarshalText() ([]byte, error) }
	textUnmarshaler interface{ UnmarshalText([]byte) error }
)

var (
	numberType = reflect.TypeFor[Number]()
	rawType    = reflect.TypeFor[JSON]()
	jsonWriter = reflect.TypeFor[jsonMarshaler]()
	jsonReader = reflect.TypeFor[jsonUnmarshaler]()
	textWriter = reflect.TypeFor[textMarshaler]()
	textReader = reflect.TypeFor[textUnmarshaler]()
	describer  = reflect.TypeFor[Describer]()
)

// Describer is what a type has that writes itself as JSON and knows its schema.
type Describer interface {
	// JSONSchema is one object of JSON Schema, as JSON. It is asked of a zero value.
	JSONSchema() string
}

// isSpecial sees to the types that stand for JSON as it is, and to those that
// read and write themselves.
func (c *Codec) isSpecial() bool {
	to := reflect.PointerTo(c.kind)
	switch {
	case c.kind == rawType:
		c.form = raw
	case c.kind == numberType || isOf(c.kind, "encoding/json", "Number"):
		c.form, c.need, c.schema = number, "a number", `"type":"number"`
	case to.Implements(jsonReader) && to.Implements(jsonWriter):
		c.form, c.schema = jsonText, c.described("")
	case to.Implements(textReader) && to.Implements(textWriter):
		c.form, c.need, c.schema = plainText, "a string", c.described(`"type":"string"`)
	default:
		return false
	}
	return true
}

func readRaw(r *reader, into *string) error {
	found, err := r.raw()
	*into = strings.Clone(found)
	return err
}

func writeRaw(out []byte, value string) ([]byte, error) {
	if value == "" {
		return append(out, "null"...), nil
	}
	return Compact(out, value)
}

func (c *Codec) readNumber(r *reader, into *string) error {
	literal, err := r.numeral(c.need)
	*into = strings.Clone(literal)
	return err
}

func writeNumber(out []byte, literal string) ([]byte, error) {
	r := reader{text: literal}
	if _, err := r.number(); err != nil || r.at < len(literal) {
		return out, unfit(literal, "a number")
	}
	return append(out, literal...), nil
}

func (c *Codec) readJSONText(r *reader, into unsafe.Pointer) error {
	found, err := r.raw()
	if err != nil {
		return err
	}
	return foreign(c.pointerTo(into).(jsonUnmarshaler).UnmarshalJSON([]byte(found)))
}

func (c *Codec) writeJSONText(out []byte, value unsafe.Pointer) ([]byte, error) {
	written, err := c.pointerTo(value).(jsonMarshaler).MarshalJSON()
	if err != nil {
		return out, foreign(err)
	}
	return Compact(out, string(written))
}

func (c *Codec) readPlainText(r *reader, into unsafe.Pointer) error {
	if r.next() != '"' {
		return r.other(c.need)
	}
	found, err := r.string()
	if err != nil {
		return err
	}
	return foreign(c.pointerTo(into).(textUnmarshaler).UnmarshalText([]byte(found)))
}

func (c *Codec) writePlainText(out []byte, value unsafe.Pointer) ([]byte, error) {
	written, err := c.pointerTo(value).(textMarshaler).MarshalText()
	if err != nil {
		return out, foreign(err)
	}
	return AppendString(out, string(written))
}

// pointerTo is a pointer to a value, of its own type.
func (c *Codec) pointerTo(value unsafe.Pointer) any { return reflect.NewAt(c.kind, value).Interface() }

// described is what the type says of itself, or what is known of it.
func (c *Codec) described(otherwise string) string {
	if isOf(c.kind, "time", "Time") {
		return `"type":"string","format":"date-time"`
	}
	if !reflect.PointerTo(c.kind).Implements(describer) {
		return otherwise
	}
	text := reflect.New(c.kind).Interface().(Describer).JSONSchema()
	compact, err := Compact(nil, text)
	if err != nil || compact[0] != '{' {
		panic("kelpie: JSONSchema of " + c.kind.String() + " is no JSON object")
	}
	return string(compact[1 : len(compact)-1])
}

// foreign is the problem that a type found with its own text.
func foreign(err error) error {
	if err == nil {
		return nil
	}
	return wrong("is refused by its type: " + err.Error())
}

// isOf says whether a type is the one of that name, without importing it.
func isOf(kind reflect.Type, path, name string) bool {
	return kind.PkgPath() == path && kind.Name() == name
}
