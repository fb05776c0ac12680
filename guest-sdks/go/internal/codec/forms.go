package codec

import "unsafe"

// read reads the value that begins here; a space never comes first.
func (c *Codec) read(r *reader, into unsafe.Pointer) error {
	c.Fresh(into)
	switch c.form {
	case boolean:
		return c.readBoolean(r, (*bool)(into))
	case integer:
		return c.readInteger(r, into)
	case natural:
		return c.readNatural(r, into)
	case float:
		return c.readFloat(r, into)
	case text:
		return c.readText(r, (*string)(into))
	case base64:
		return c.readBase64(r, (*[]byte)(into))
	case raw:
		return readRaw(r, (*string)(into))
	case number:
		return c.readNumber(r, (*string)(into))
	case pointer:
		return c.readPointer(r, (*unsafe.Pointer)(into))
	case list:
		return c.readList(r, into)
	case array:
		return c.readArray(r, into)
	case mapping:
		return c.readMap(r, into)
	case structure:
		return c.record.read(r, into)
	case anything:
		found, err := r.anything()
		*(*any)(into) = found
		return err
	case jsonText:
		return c.readJSONText(r, into)
	default:
		return c.readPlainText(r, into)
	}
}

// write appends a value.
func (c *Codec) write(out []byte, value unsafe.Pointer) ([]byte, error) {
	switch c.form {
	case boolean:
		return writeBoolean(out, *(*bool)(value)), nil
	case integer:
		return writeInteger(out, c.integerAt(value)), nil
	case natural:
		return writeNatural(out, c.naturalAt(value)), nil
	case float:
		return c.writeFloat(out, value)
	case text:
		return AppendString(out, *(*string)(value))
	case base64:
		return writeBase64(out, *(*[]byte)(value)), nil
	case raw:
		return writeRaw(out, *(*string)(value))
	case number:
		return writeNumber(out, *(*string)(value))
	case pointer:
		return c.writePointer(out, *(*unsafe.Pointer)(value))
	case list:
		found := c.at(value)
		return c.writeItems(out, found.UnsafePointer(), found.Len())
	case array:
		return c.writeItems(out, value, c.kind.Len())
	case mapping:
		return c.writeMap(out, value)
	case structure:
		return c.record.write(out, value)
	case anything:
		return writeAnything(out, *(*any)(value))
	case jsonText:
		return c.writeJSONText(out, value)
	default:
		return c.writePlainText(out, value)
	}
}
