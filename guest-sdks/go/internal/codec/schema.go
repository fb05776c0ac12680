package codec

import (
	"reflect"
	"strconv"
	"strings"
)

// Schema is the JSON Schema (2020-12) of a type, as one JSON object in a line.
func (c *Codec) Schema() string {
	s := schemas{inside: map[reflect.Type]bool{}, names: map[reflect.Type]string{}}
	members := s.members(c)
	if len(s.order) == 0 {
		return "{" + members + "}"
	}
	// Some types have themselves inside: these are named, and all else refers to them.
	members = s.members(c)
	var named []string
	for _, each := range s.order {
		named = append(named, Quote(s.names[each.kind])+":{"+s.object(each.record)+"}")
	}
	return "{" + join(members, `"$defs":{`+strings.Join(named, ",")+"}") + "}"
}

// schemas is what is known while one schema is written.
type schemas struct {
	// inside has the structs that are being written.
	inside map[reflect.Type]bool
	// names has those that were met again inside themselves.
	names map[reflect.Type]string
	order []*Codec
}

// members is the schema of a type, without braces.
func (s *schemas) members(c *Codec) string {
	if c.record == nil {
		return s.form(c)
	}
	if s.inside[c.kind] && s.names[c.kind] == "" {
		s.names[c.kind] = s.unused(c.kind.Name())
		s.order = append(s.order, c)
	}
	if name := s.names[c.kind]; name != "" {
		return `"$ref":` + Quote("#/$defs/"+name)
	}
	s.inside[c.kind] = true
	defer delete(s.inside, c.kind)
	return s.object(c.record)
}

// form is the same of what is no struct.
func (s *schemas) form(c *Codec) string {
	switch c.form {
	case pointer:
		return orNull(s.members(c.inner))
	case list:
		return `"type":"array","items":{` + s.members(c.inner) + `}`
	case array:
		size := strconv.Itoa(c.kind.Len())
		return `"type":"array","items":{` + s.members(c.inner) + `},"minItems":` + size + `,"maxItems":` + size
	case mapping:
		return `"type":"object","additionalProperties":{` + s.members(c.inner) + `}`
	}
	return c.schema
}

// unused is a name for a type that no other has here.
func (s *schemas) unused(name string) string {
	name = strings.Map(func(symbol rune) rune {
		if strings.ContainsRune("[]/~#%*, ", symbol) {
			return '_'
		}
		return symbol
	}, name)
	for number := 1; ; number++ {
		tried := name
		if number > 1 {
			tried += strconv.Itoa(number)
		}
		taken := false
		for _, other := range s.names {
			taken = taken || other == tried
		}
		if !taken {
			return tried
		}
	}
}

func (s *schemas) object(d *record) string {
	var properties, required []string
	for _, each := range d.members {
		members := s.members(each.codec)
		if each.doc != "" {
			members = join(members, `"description":`+Quote(each.doc))
		}
		if each.preset != "" {
			preset, _ := Compact(nil, each.preset)
			members = join(members, `"default":`+string(preset))
		}
		properties = append(properties, Quote(each.name)+":{"+members+"}")
		if !each.optional {
			required = append(required, Quote(each.name))
		}
	}
	found := `"type":"object","properties":{` + strings.Join(properties, ",") + "}"
	if len(required) > 0 {
		found += `,"required":[` + strings.Join(required, ",") + "]"
	}
	return found + `,"additionalProperties":false`
}

func join(members, more string) string {
	if members == "" {
		return more
	}
	return members + "," + more
}

// orNull is the schema of a value that may be null instead.
func orNull(members string) string {
	const begin = `"type":"`
	if members == "" {
		return ""
	}
	if rest, ok := strings.CutPrefix(members, begin); ok {
		kind, rest, _ := strings.Cut(rest, `"`)
		return `"type":["` + kind + `","null"]` + rest
	}
	return `"anyOf":[{` + members + `},{"type":"null"}]`
}
