package codec

import (
	"errors"
	"reflect"
	"strconv"
	"strings"
)

// record is how a struct is laid out in JSON.
type record struct {
	members []*member
	byName  map[string]int
}

// member is one field of a struct. What is embedded counts as its own fields.
type member struct {
	name string
	// quoted is the name as it is written, with its colon.
	quoted []byte
	// offset is where in the struct it is.
	offset uintptr
	codec  *Codec
	doc    string
	// preset is the JSON of the default; empty if there is none.
	preset string
	// whether it is left out where it is zero (omitzero), or empty (omitempty).
	omitZero, omitEmpty bool
	// optional says that it need not be there.
	optional bool
}

func (d *record) find(name string) int {
	if d.byName != nil {
		if at, ok := d.byName[name]; ok {
			return at
		}
		return -1
	}
	for at, each := range d.members {
		if each.name == name {
			return at
		}
	}
	return -1
}

func (d *record) names() string {
	found := make([]string, len(d.members))
	for at, each := range d.members {
		found[at] = each.name
	}
	return strings.Join(found, ", ")
}

func (w workshop) recordOf(kind reflect.Type) (*record, error) {
	made := &record{}
	if err := made.collect(w, kind, 0); err != nil {
		return nil, err
	}
	if len(made.members) > 8 {
		made.byName = make(map[string]int, len(made.members))
		for at, each := range made.members {
			made.byName[each.name] = at
		}
	}
	return made, nil
}

func (d *record) collect(w workshop, kind reflect.Type, offset uintptr) error {
	for index := range kind.NumField() {
		field := kind.Field(index)
		here := offset + field.Offset
		tag, tagged := field.Tag.Lookup("json")
		switch {
		case tag == "-":
		case field.Anonymous && !tagged:
			if field.Type.Kind() != reflect.Struct {
				return errors.New(kind.String() + " embeds " + field.Type.String() + ", which is no struct")
			}
			if err := d.collect(w, field.Type, here); err != nil {
				return err
			}
		case field.IsExported():
			if err := d.add(w, kind, field, tag, here); err != nil {
				return err
			}
		case tagged:
			return errors.New(kind.String() + "." + field.Name + " has a json tag and is not exported")
		}
	}
	return nil
}

func (d *record) add(w workshop, kind reflect.Type, field reflect.StructField, tag string, offset uintptr) error {
	name, options, _ := strings.Cut(tag, ",")
	if name == "" {
		name = field.Name
	}
	where := kind.String() + "." + field.Name
	if d.find(name) >= 0 {
		return errors.New(where + " is a second member " + strconv.Quote(name))
	}
	inner, err := w.of(field.Type)
	if err != nil {
		return errors.New(where + ": " + err.Error())
	}
	made := &member{name: name, offset: offset, codec: inner, doc: field.Tag.Get("doc")}
	made.quoted = append(appendValid(nil, name), ':')
	for _, option := range strings.Split(options, ",") {
		switch option {
		case "":
		case "omitzero":
			made.omitZero = true
		case "omitempty":
			made.omitEmpty = true
		default:
			return errors.New(where + ": the option " + strconv.Quote(option) + " of its json tag is unknown")
		}
	}
	if preset, ok := field.Tag.Lookup("default"); ok {
		if made.preset, err = presetOf(inner, preset); err != nil {
			return errors.New(where + ": its default: " + err.Error())
		}
	}
	made.optional = made.preset != "" || made.omitZero || made.omitEmpty || field.Type.Kind() == reflect.Pointer
	d.members = append(d.members, made)
	return nil
}

// presetOf is the JSON of a `default` tag: JSON, or the text itself for strings.
func presetOf(inner *Codec, preset string) (string, error) {
	if inner.form == text && inner.need != "" {
		preset = Quote(preset)
	}
	if inner.form == structure && inner.record == nil {
		return "", errors.New("it is of a type that has itself inside")
	}
	return preset, inner.Decode(preset, reflect.New(inner.kind).UnsafePointer())
}
