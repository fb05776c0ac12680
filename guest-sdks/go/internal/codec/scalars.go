package codec

import (
	stdbase64 "encoding/base64"
	"math"
	"reflect"
	"strconv"
	"strings"
	"unsafe"
)

// isScalar sees to the types that have nothing inside.
func (c *Codec) isScalar() bool {
	switch kind := c.kind.Kind(); kind {
	case reflect.Bool:
		c.form, c.need, c.schema = boolean, "true or false", `"type":"boolean"`
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		least := strconv.FormatInt(-1<<(c.kind.Bits()-1), 10)
		c.isBetween(integer, least, strconv.FormatInt(1<<(c.kind.Bits()-1)-1, 10))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		c.isBetween(natural, "0", strconv.FormatUint(math.MaxUint64>>(64-c.kind.Bits()), 10))
	case reflect.Float32, reflect.Float64:
		c.form, c.need, c.schema = float, "a number", `"type":"number"`
	case reflect.String:
		c.form, c.need, c.schema = text, "a string", `"type":"string"`
	case reflect.Slice:
		if c.kind.Elem().Kind() != reflect.Uint8 {
			return false
		}
		c.form, c.need = base64, "a string in base64"
		c.schema = `"type":"string","contentEncoding":"base64"`
	default:
		return false
	}
	return true
}

func (c *Codec) isBetween(form form, least, most string) {
	c.form = form
	c.need = "an integer from " + least + " to " + most
	c.schema = `"type":"integer","minimum":` + least + `,"maximum":` + most
}

func (c *Codec) readBoolean(r *reader, into *bool) error {
	switch {
	case r.literal("true"):
		*into = true
	case r.literal("false"):
		*into = false
	default:
		return r.other(c.need)
	}
	return nil
}

func (c *Codec) readInteger(r *reader, into unsafe.Pointer) error {
	literal, err := r.numeral(c.need)
	if err != nil {
		return err
	}
	number, isSmall := smallInteger(literal)
	if !isSmall || c.size < 8 {
		if number, err = strconv.ParseInt(literal, 10, 8*int(c.size)); err != nil {
			return unfit(literal, c.need)
		}
	}
	switch c.size {
	case 1:
		*(*int8)(into) = int8(number)
	case 2:
		*(*int16)(into) = int16(number)
	case 4:
		*(*int32)(into) = int32(number)
	default:
		*(*int64)(into) = number
	}
	return nil
}

// smallInteger is an integer of so few digits that it cannot be out of range.
func smallInteger(literal string) (int64, bool) {
	digits := literal
	if digits[0] == '-' {
		digits = digits[1:]
	}
	if len(digits) > 18 {
		return 0, false
	}
	number := int64(0)
	for at := range len(digits) {
		digit := digits[at] - '0'
		if digit > 9 {
			return 0, false
		}
		number = 10*number + int64(digit)
	}
	if len(digits) < len(literal) {
		number = -number
	}
	return number, true
}

func (c *Codec) integerAt(value unsafe.Pointer) int64 {
	switch c.size {
	case 1:
		return int64(*(*int8)(value))
	case 2:
		return int64(*(*int16)(value))
	case 4:
		return int64(*(*int32)(value))
	}
	return *(*int64)(value)
}

func (c *Codec) readNatural(r *reader, into unsafe.Pointer) error {
	literal, err := r.numeral(c.need)
	if err != nil {
		return err
	}
	number, err := strconv.ParseUint(literal, 10, 8*int(c.size))
	if err != nil && literal != "-0" {
		return unfit(literal, c.need)
	}
	switch c.size {
	case 1:
		*(*uint8)(into) = uint8(number)
	case 2:
		*(*uint16)(into) = uint16(number)
	case 4:
		*(*uint32)(into) = uint32(number)
	default:
		*(*uint64)(into) = number
	}
	return nil
}

func (c *Codec) naturalAt(value unsafe.Pointer) uint64 {
	switch c.size {
	case 1:
		return uint64(*(*uint8)(value))
	case 2:
		return uint64(*(*uint16)(value))
	case 4:
		return uint64(*(*uint32)(value))
	}
	return *(*uint64)(value)
}

func (c *Codec) readFloat(r *reader, into unsafe.Pointer) error {
	literal, err := r.numeral(c.need)
	if err != nil {
		return err
	}
	number, err := strconv.ParseFloat(literal, 8*int(c.size))
	if err != nil {
		return wrong("is too large a number: " + shown(literal))
	}
	if c.size == 4 {
		*(*float32)(into) = float32(number)
	} else {
		*(*float64)(into) = number
	}
	return nil
}

func (c *Codec) readText(r *reader, into *string) error {
	if r.next() != '"' {
		return r.other(c.need)
	}
	found, err := r.string()
	// A copy: what is kept of an argument does not keep all of it.
	*into = strings.Clone(found)
	return err
}

func (c *Codec) readBase64(r *reader, into *[]byte) error {
	if r.next() != '"' {
		return r.other(c.need)
	}
	found, err := r.string()
	if err != nil {
		return err
	}
	if *into, err = stdbase64.StdEncoding.Strict().DecodeString(found); err != nil {
		return unfit(strconv.Quote(shown(found)), c.need)
	}
	return nil
}

func writeBoolean(out []byte, value bool) []byte { return strconv.AppendBool(out, value) }

func writeInteger(out []byte, value int64) []byte { return strconv.AppendInt(out, value, 10) }

func writeNatural(out []byte, value uint64) []byte { return strconv.AppendUint(out, value, 10) }

func (c *Codec) writeFloat(out []byte, value unsafe.Pointer) ([]byte, error) {
	if c.size == 4 {
		return appendFloat(out, float64(*(*float32)(value)), 32)
	}
	return appendFloat(out, *(*float64)(value), 64)
}

func appendFloat(out []byte, number float64, bits int) ([]byte, error) {
	if math.IsNaN(number) || math.IsInf(number, 0) {
		return out, wrong("is " + strconv.FormatFloat(number, 'g', -1, 64) + ", which JSON has no form for")
	}
	format := byte('f')
	if size := math.Abs(number); size != 0 && (size < 1e-6 || size >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(out, number, format, -1, bits), nil
}

func writeBase64(out, value []byte) []byte {
	return append(stdbase64.StdEncoding.AppendEncode(append(out, '"'), value), '"')
}

// numeral is the number that has to be here.
func (r *reader) numeral(need string) (string, error) {
	if symbol := r.next(); symbol != '-' && symbol-'0' > 9 {
		return "", r.other(need)
	}
	return r.number()
}

// other is the problem of a value that is of another type than is needed.
func (r *reader) other(need string) error {
	found, err := r.raw()
	if err != nil {
		return err
	}
	return unfit(found, need)
}

func unfit(found, need string) error {
	return wrong("has to be " + need + ", and is " + shown(found))
}
