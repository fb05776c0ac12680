package codec

import "strconv"

// Problem is what is wrong with a JSON text, and where.
type Problem struct {
	// Path of the member, like `items[2].name`; empty for the value itself.
	Path string
	// Reason is a sentence without its subject, like "is missing".
	Reason string
}

// Error is the problem in one line.
func (p *Problem) Error() string {
	if p.Path == "" {
		return "the value " + p.Reason
	}
	return p.Path + " " + p.Reason
}

func wrong(reason string) error { return &Problem{Reason: reason} }

// within adds to the path of a problem the member in which it was met.
func within(name string, err error) error {
	if problem, ok := err.(*Problem); ok {
		switch {
		case problem.Path == "":
			problem.Path = name
		case problem.Path[0] == '[':
			problem.Path = name + problem.Path
		default:
			problem.Path = name + "." + problem.Path
		}
	}
	return err
}

func withinItem(index int, err error) error {
	return within("["+strconv.Itoa(index)+"]", err)
}

// shown is a piece of a JSON text, short enough for a message.
func shown(text string) string {
	const most = 40
	if len(text) <= most {
		return text
	}
	end := most
	for end > 0 && text[end]&0xC0 == 0x80 {
		end--
	}
	return text[:end] + "..."
}
