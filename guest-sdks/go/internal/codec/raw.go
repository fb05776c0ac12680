package codec

// Check says whether text is one JSON value, by the rules that hold for all:
// no member twice, no half of a surrogate pair, at most DepthMax levels.
func Check(text string) error {
	r := reader{text: text}
	r.space()
	if err := r.skip(); err != nil {
		return err
	}
	return r.end()
}

// Compact appends a JSON text without the spaces between its parts.
func Compact(out []byte, text string) ([]byte, error) {
	if err := Check(text); err != nil {
		return out, err
	}
	inString := false
	for at := 0; at < len(text); at++ {
		symbol := text[at]
		switch {
		case inString && symbol == '\\':
			out = append(out, symbol)
			at++
			symbol = text[at]
		case symbol == '"':
			inString = !inString
		case !inString && (symbol == ' ' || symbol == '\t' || symbol == '\n' || symbol == '\r'):
			continue
		}
		out = append(out, symbol)
	}
	return out, nil
}

// raw is the text of the value that begins here.
func (r *reader) raw() (string, error) {
	r.space()
	start := r.at
	if err := r.skip(); err != nil {
		return "", err
	}
	return r.text[start:r.at], nil
}

// skip goes over any value.
func (r *reader) skip() error {
	var err error
	switch r.next() {
	case '{':
		var seen names
		err = r.members(func(name string) error {
			if !seen.add(name) {
				return within(name, wrong("is there twice"))
			}
			return within(name, r.skip())
		})
	case '[':
		err = r.items(func(int) error { return r.skip() })
	case '"':
		_, err = r.string()
	case 't':
		err = r.expect("true")
	case 'f':
		err = r.expect("false")
	case 'n':
		err = r.expect("null")
	default:
		_, err = r.number()
	}
	return err
}

func (r *reader) expect(word string) error {
	if !r.literal(word) {
		return r.bad()
	}
	return nil
}

// names notices what comes twice: few in a list, many in a map.
type names struct {
	few  [8]string
	used int
	many map[string]struct{}
}

func (n *names) add(name string) bool {
	for _, known := range n.few[:n.used] {
		if known == name {
			return false
		}
	}
	if n.used < len(n.few) {
		n.few[n.used] = name
		n.used++
		return true
	}
	if n.many == nil {
		n.many = make(map[string]struct{})
	}
	if _, known := n.many[name]; known {
		return false
	}
	n.many[name] = struct{}{}
	return true
}
