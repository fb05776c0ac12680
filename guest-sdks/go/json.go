package kelpie

import (
	"reflect"
	"unsafe"

	"kelpie/internal/codec"
)

// JSON is the text of one JSON value: a field of this type takes any value as
// it was written.
type JSON = codec.JSON

// Number is a JSON number as it was written: what a number becomes in a field of
// type any, as a float64 would lose digits of large integers.
type Number = codec.Number

// FromJSON reads a value as strictly as arguments are read: what is unknown,
// missing, there twice or of another type is an error that names it.
func FromJSON[T any](text JSON) (value T, err error) {
	reader, err := codec.Of(reflect.TypeFor[T]())
	if err != nil {
		return value, err
	}
	err = reader.Decode(string(text), unsafe.Pointer(&value))
	return value, err
}

// ToJSON writes a value as results are written: in one line, members in the
// order of the fields, and the keys of maps in order.
func ToJSON[T any](value T) (JSON, error) {
	writer, err := codec.Of(reflect.TypeFor[T]())
	if err != nil {
		return "", err
	}
	encoded, err := writer.Encode(nil, unsafe.Pointer(&value))
	return JSON(encoded), err
}
