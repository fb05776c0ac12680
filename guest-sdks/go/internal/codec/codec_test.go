package codec

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
	"unsafe"
)

type inner struct {
	Name string `json:"name"`
	Size uint8  `json:"size" default:"7" doc:"how large"`
}

type embedded struct {
	Extra bool `json:"extra,omitempty"`
}

type everything struct {
	embedded
	Text     string            `json:"text" default:"hello"`
	Integer  int64             `json:"integer"`
	Small    int8              `json:"small,omitzero"`
	Float    float64           `json:"float,omitempty"`
	Flag     *bool             `json:"flag"`
	Bytes    []byte            `json:"bytes,omitempty"`
	List     []inner           `json:"list,omitempty"`
	Pair     [2]int            `json:"pair,omitzero"`
	Notes    map[string]inner  `json:"notes,omitempty"`
	Any      any               `json:"any,omitempty"`
	Raw      JSON              `json:"raw,omitempty"`
	Number   Number            `json:"number,omitempty"`
	Standard json.RawMessage   `json:"standard,omitempty"`
	Literal  json.Number       `json:"literal,omitempty"`
	When     *time.Time        `json:"when"`
	Place    *netip.Addr       `json:"place"`
	Ignored  int               `json:"-"`
	Plain    map[string]string `json:",omitempty"`
}

func read[T any](t *testing.T, text string) (T, error) {
	t.Helper()
	var value T
	codec, err := Of(reflect.TypeFor[T]())
	if err != nil {
		t.Fatal(err)
	}
	return value, codec.Decode(text, unsafe.Pointer(&value))
}

func write[T any](t *testing.T, value T) (string, error) {
	t.Helper()
	codec, err := Of(reflect.TypeFor[T]())
	if err != nil {
		t.Fatal(err)
	}
	out, err := codec.Encode(nil, unsafe.Pointer(&value))
	return string(out), err
}

func TestWhatIsReadIsWrittenAgain(t *testing.T) {
	for _, text := range []string{
		`{"text":"hello","integer":5,"flag":null,"when":null,"place":null}`,
		`{"extra":true,"text":"é\"\\\n","integer":-9223372036854775808,"small":-128,"float":0.1,"flag":true,` +
			`"bytes":"AAH/","list":[{"name":"a","size":7},{"name":"b","size":255}],"pair":[1,2],` +
			`"notes":{"x":{"name":"","size":0},"y":{"name":"z","size":1}},` +
			`"any":{"a":[1,9007199254740993,1e2,"x",null,false,{}]},"raw":{"b":[ ]},"number":1.50,` +
			`"standard":[1,2],"literal":10,"when":"2024-01-02T03:04:05Z","place":"10.0.0.1","Plain":{"k":"v"}}`,
	} {
		value, err := read[everything](t, text)
		if err != nil {
			t.Fatal(text, err)
		}
		again, err := write(t, value)
		if wanted := strings.ReplaceAll(text, "[ ]", "[]"); err != nil || again != wanted {
			t.Errorf("%s\nbecame\n%s (%v)", wanted, again, err)
		}
	}
}

func TestDefaultsAndMapsAreThereBeforeAnythingIsRead(t *testing.T) {
	value, err := read[everything](t, ` { "integer" : 1 } `)
	if err != nil || value.Text != "hello" || value.Notes == nil || value.Plain == nil {
		t.Fatalf("%+v %v", value, err)
	}
	value.Notes["x"] = inner{}
}

func TestWhatIsRefused(t *testing.T) {
	deep := strings.Repeat("[", 127) + strings.Repeat("]", 127)
	for text, reason := range map[string]string{
		`{}`:                              `integer is missing`,
		`{"integer":1,"integer":1}`:       `integer is there twice`,
		`{"Integer":1}`:                   `Integer is no member here`,
		`{"integer":1.0}`:                 `integer has to be an integer from -9223372036854775808 to 9223372036854775807, and is 1.0`,
		`{"integer":1e2}`:                 `integer has to be an integer`,
		`{"integer":"1"}`:                 `integer has to be an integer`,
		`{"integer":null}`:                `integer has to be an integer`,
		`{"integer":01}`:                  `is not JSON`,
		`{"integer":9223372036854775808}`: `integer has to be an integer`,
		`{"integer":1,"small":128}`:       `small has to be an integer from -128 to 127`,
		`{"integer":1,"list":[{"name":"a","size":-1}]}`:           `list[0].size has to be an integer from 0 to 255`,
		`{"integer":1,"list":[{"size":1}]}`:                       `list[0].name is missing`,
		`{"integer":1,"notes":{"a":{"nam":"x"}}}`:                 `notes.a.nam is no member here: there are name, size`,
		`{"integer":1,"notes":{"a":{"name":""},"a":{"name":""}}}`: `notes.a is there twice`,
		`{"integer":1,"any":{"a":1,"a":1}}`:                       `any.a is there twice`,
		`{"integer":1,"raw":{"a":1,"a":1}}`:                       `raw.a is there twice`,
		`{"integer":1,"float":NaN}`:                               `not JSON`,
		`{"integer":1,"float":1e999}`:                             `float is too large`,
		`{"integer":1,"any":[1e999]}`:                             `any[0] is too large`,
		`{"integer":1,"raw":-1` + strings.Repeat("0", 400) + `}`:  `raw is too large`,
		`{"integer":1,"text":"\ud800"}`:                           `half of a surrogate pair`,
		`{"integer":1,"text":"\ud800\ud800"}`:                     `half of a surrogate pair`,
		"{\"integer\":1,\"text\":\"\xff\"}":                       `not UTF-8`,
		"{\"integer\":1,\"text\":\"\n\"}":                         `not JSON`,
		`{"integer":1,"any":"\udc00"}`:                            `half of a surrogate pair`,
		`{"integer":1,"bytes":"AA="}`:                             `bytes has to be a string in base64`,
		`{"integer":1,"pair":[1]}`:                                `pair has to be an array of 2 items, and has 1`,
		`{"integer":1,"pair":[1,2,3]}`:                            `pair[2] is too much`,
		`{"integer":1,"when":"yesterday"}`:                        `when is refused by its type`,
		`{"integer":1,"place":7}`:                                 `place has to be a string`,
		`{"integer":1,"any":` + deep + `[`:                        `not JSON`,
		`{"integer":1,"any":[` + deep + `]}`:                      `nested in more than 128 levels`,
		`{"integer":1,"raw":[` + deep + `]}`:                      `nested in more than 128 levels`,
		`{"integer":1} x`:                                         `not JSON`,
		`{"integer":1`:                                            `it ends too early`,
		`{"integer":1,}`:                                          `not JSON`,
		`[]`:                                                      `the value has to be an object`,
		``:                                                        `it ends too early`,
	} {
		_, err := read[everything](t, text)
		if err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%.100s: %v, not %s", text, err, reason)
		}
	}
	if _, err := read[everything](t, `{"integer":1,"any":`+deep+`}`); err != nil {
		t.Error(err)
	}
}

func TestWhatCannotBeWritten(t *testing.T) {
	if text, err := write(t, map[string]float64{"a": math.Inf(1)}); err == nil {
		t.Error(text)
	}
	if text, err := write(t, "\xff"); err == nil {
		t.Error(text)
	}
	if text, err := write(t, Number("1.")); err == nil {
		t.Error(text)
	}
	if text, err := write(t, JSON(`{"a":1,"a":2}`)); err == nil {
		t.Error(text)
	}
	if text, err := write(t, []any{make(chan int)}); err == nil {
		t.Error(text)
	}
}

func TestEmptyIsNeverNull(t *testing.T) {
	text, err := write(t, struct {
		List []int          `json:"list"`
		Map  map[string]int `json:"map"`
	}{})
	if err != nil || text != `{"list":[],"map":{}}` {
		t.Error(text, err)
	}
}

func field(name, tag string) reflect.StructField {
	return reflect.StructField{Name: name, Type: reflect.TypeFor[int](), Tag: reflect.StructTag(`json:"` + tag + `"`)}
}

func TestTypesThatHaveNoForm(t *testing.T) {
	for _, kind := range []reflect.Type{
		reflect.TypeFor[chan int](),
		reflect.TypeFor[map[int]string](),
		reflect.TypeFor[struct{ F func() }](),
		reflect.TypeFor[error](),
		reflect.TypeFor[struct {
			A int `json:"a,string"`
		}](),
		// Made here, as vet knows these mistakes.
		reflect.StructOf([]reflect.StructField{field("A", "a"), field("B", "a")}),
		reflect.StructOf([]reflect.StructField{{Name: "a", PkgPath: "kelpie", Type: reflect.TypeFor[int](), Tag: `json:"a"`}}),
		reflect.TypeFor[struct {
			A int `json:"a" default:"x"`
		}](),
	} {
		if _, err := Of(kind); err == nil {
			t.Errorf("%s was taken", kind)
		}
	}
}

type tree struct {
	Value    int    `json:"value"`
	Children []tree `json:"children,omitempty"`
}

func TestSchemas(t *testing.T) {
	for _, each := range []struct {
		kind   reflect.Type
		schema string
	}{
		{reflect.TypeFor[inner](), `{"type":"object","properties":{"name":{"type":"string"},` +
			`"size":{"type":"integer","minimum":0,"maximum":255,"description":"how large","default":7}},` +
			`"required":["name"],"additionalProperties":false}`},
		{reflect.TypeFor[*int8](), `{"type":["integer","null"],"minimum":-128,"maximum":127}`},
		{reflect.TypeFor[map[string][]bool](), `{"type":"object","additionalProperties":{"type":"array","items":{"type":"boolean"}}}`},
		{reflect.TypeFor[any](), `{}`},
		{reflect.TypeFor[time.Time](), `{"type":"string","format":"date-time"}`},
		{reflect.TypeFor[struct{}](), `{"type":"object","properties":{},"additionalProperties":false}`},
		{reflect.TypeFor[*tree](), `{"anyOf":[{"$ref":"#/$defs/tree"},{"type":"null"}],"$defs":{"tree":{"type":"object","properties":{` +
			`"value":{"type":"integer","minimum":-9223372036854775808,"maximum":9223372036854775807},` +
			`"children":{"type":"array","items":{"$ref":"#/$defs/tree"}}},"required":["value"],"additionalProperties":false}}}`},
	} {
		codec, err := Of(each.kind)
		if err != nil {
			t.Fatal(err)
		}
		if found := codec.Schema(); found != each.schema || !json.Valid([]byte(found)) {
			t.Errorf("%s:\n%s\nnot\n%s", each.kind, found, each.schema)
		}
	}
}

// A text that is taken is JSON, and one that is not is none, by encoding/json.
func TestAgreesWithTheStandardLibrary(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const symbols = `{}[]",:0123456789.eE+-truefalsenull\u "ab`
	taken := 0
	for range 200_000 {
		length := 1 + random.IntN(8)
		text := make([]byte, length)
		for at := range text {
			text[at] = symbols[random.IntN(len(symbols))]
		}
		err := Check(string(text))
		if err != nil && strings.Contains(err.Error(), "too large a number") {
			continue
		}
		if valid := json.Valid(text); valid != (err == nil) {
			t.Fatalf("%q: %v, valid %v", text, err, valid)
		}
		if err == nil {
			taken++
			ours, _ := Compact(nil, string(text))
			var theirs bytes.Buffer
			if json.Compact(&theirs, text) != nil || theirs.String() != string(ours) {
				t.Fatalf("%q became %q, not %q", text, ours, theirs.String())
			}
		}
	}
	if taken < 1_000 {
		t.Fatal("too few texts are JSON to say anything: ", taken)
	}
}

func TestStringsAreWrittenAsTheyAre(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		text := make([]rune, random.IntN(10))
		for at := range text {
			text[at] = random.Int32N(0x300)
			if random.IntN(4) == 0 {
				text[at] = random.Int32N(0xD800) + 0x2000*random.Int32N(2)*5
			}
		}
		wanted := string(text)
		written, err := write(t, wanted)
		var theirs string
		if err != nil || json.Unmarshal([]byte(written), &theirs) != nil || theirs != wanted {
			t.Fatalf("%q became %s (%v)", wanted, written, err)
		}
		if ours, err := read[string](t, written); err != nil || ours != wanted {
			t.Fatalf("%s became %q (%v)", written, ours, err)
		}
		escaped, _ := json.Marshal(wanted)
		if ours, err := read[string](t, string(escaped)); err != nil || ours != wanted {
			t.Fatalf("%s became %q (%v)", escaped, ours, err)
		}
	}
}
