package codec

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// string is the string that begins here. One without escapes is a part of the
// text and no copy of it.
func (r *reader) string() (string, error) {
	text, start := r.text, r.at+1
	isASCII := true
	for at := start; at < len(text); at++ {
		symbol := text[at]
		switch {
		case symbol == '"':
			found := text[start:at]
			r.at = at + 1
			if isASCII {
				return found, nil
			}
			return found, checkUTF8(found)
		case symbol == '\\':
			r.at = at
			return r.escaped(start)
		case symbol < ' ':
			r.at = at
			return "", r.bad()
		case symbol >= utf8.RuneSelf:
			isASCII = false
		}
	}
	r.at = len(text)
	return "", r.bad()
}

// escaped is the same, of a string with escapes: the first is here.
func (r *reader) escaped(start int) (string, error) {
	built := append(make([]byte, 0, 2*(r.at-start)+16), r.text[start:r.at]...)
	for r.at < len(r.text) {
		symbol := r.text[r.at]
		switch {
		case symbol == '"':
			r.at++
			return string(built), checkUTF8(string(built))
		case symbol < ' ':
			return "", r.bad()
		case symbol != '\\':
			built = append(built, symbol)
			r.at++
		default:
			character, err := r.escape()
			if err != nil {
				return "", err
			}
			built = utf8.AppendRune(built, character)
		}
	}
	return "", r.bad()
}

func (r *reader) escape() (rune, error) {
	r.at++
	if r.at == len(r.text) {
		return 0, r.bad()
	}
	symbol := r.text[r.at]
	r.at++
	switch symbol {
	case '"', '\\', '/':
		return rune(symbol), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		return r.unicode()
	}
	r.at--
	return 0, r.bad()
}

// unicode is what the hexadecimal digits of one or two escapes stand for.
func (r *reader) unicode() (rune, error) {
	first, err := r.hexadecimal()
	if err != nil || !utf16.IsSurrogate(first) {
		return first, err
	}
	if r.literal(`\u`) {
		second, err := r.hexadecimal()
		if err != nil {
			return 0, err
		}
		if pair := utf16.DecodeRune(first, second); pair != utf8.RuneError {
			return pair, nil
		}
	}
	return 0, wrong("has half of a surrogate pair in it, which is no character")
}

func (r *reader) hexadecimal() (rune, error) {
	if len(r.text)-r.at < 4 {
		r.at = len(r.text)
		return 0, r.bad()
	}
	code := rune(0)
	for range 4 {
		symbol := r.text[r.at]
		switch {
		case symbol-'0' <= 9:
			code = code<<4 | rune(symbol-'0')
		case symbol|0x20-'a' <= 5:
			code = code<<4 | rune(symbol|0x20-'a'+10)
		default:
			return 0, r.bad()
		}
		r.at++
	}
	return code, nil
}

func checkUTF8(text string) error {
	if !utf8.ValidString(text) {
		return wrong("has bytes in it that are not UTF-8")
	}
	return nil
}

const hexadecimals = "0123456789abcdef"

// AppendString appends text as a JSON string. Text that is not UTF-8 is refused.
func AppendString(out []byte, text string) ([]byte, error) {
	if err := checkUTF8(text); err != nil {
		return out, err
	}
	return appendValid(out, text), nil
}

func appendValid(out []byte, text string) []byte {
	out = append(out, '"')
	start := 0
	for at := range len(text) {
		symbol := text[at]
		if symbol >= ' ' && symbol != '"' && symbol != '\\' {
			continue
		}
		out = append(out, text[start:at]...)
		start = at + 1
		switch symbol {
		case '"', '\\':
			out = append(out, '\\', symbol)
		case '\n':
			out = append(out, '\\', 'n')
		case '\r':
			out = append(out, '\\', 'r')
		case '\t':
			out = append(out, '\\', 't')
		default:
			out = append(out, '\\', 'u', '0', '0', hexadecimals[symbol>>4], hexadecimals[symbol&15])
		}
	}
	return append(append(out, text[start:]...), '"')
}

// Quote is text as a JSON string; what is not UTF-8 in it becomes U+FFFD.
func Quote(text string) string {
	valid := make([]rune, 0, len(text))
	if utf8.ValidString(text) {
		return string(appendValid(nil, text))
	}
	for _, character := range text {
		valid = append(valid, character)
	}
	return string(appendValid(nil, string(valid)))
}

func count(number int, noun string) string {
	if number == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(number) + " " + noun + "s"
}
