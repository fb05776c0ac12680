package kelpietest_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"kelpie"
	"kelpie/internal/registry"
	"kelpie/kelpietest"
)

type notes struct {
	Count int64             `json:"count"`
	Notes map[string]string `json:"notes"`
	asked int
}

type amount struct {
	Amount int64 `json:"amount" default:"1"`
}

type name struct {
	Name string `json:"name"`
}

func (n *notes) Add(_ *kelpie.Context, in amount) (int64, error) {
	n.Count += in.Amount
	return n.Count, nil
}

func (n *notes) Get(*kelpie.Context, kelpie.None) (notes, error) {
	n.asked++
	return *n, nil
}

func (n *notes) Note(_ *kelpie.Context, in name) (kelpie.None, error) {
	n.Notes[in.Name] = ""
	return kelpie.None{}, nil
}

func (n *notes) Asked(*kelpie.Context, kelpie.None) (int, error) { return n.asked, nil }

func (n *notes) Bytes(_ *kelpie.Context, in []byte) ([]byte, error) { return append(in, '!'), nil }

func (n *notes) Do(ctx *kelpie.Context, in name) (kelpie.None, error) {
	n.Count++
	ctx.KV().SetText("mark", "here")
	switch in.Name {
	case "reject":
		return kelpie.None{}, kelpie.Reject("refused", "so it is")
	case "wrong code":
		return kelpie.None{}, kelpie.Reject("So", "it is")
	case "fail":
		return kelpie.None{}, errors.New("broken")
	case "long":
		return kelpie.None{}, errors.New(strings.Repeat("é", 3_000))
	case "panic":
		panic("at the disco")
	case "index":
		return kelpie.None{}, errors.New(in.Name[len(in.Name)+n.asked:][1:])
	case "nil":
		var none *notes
		none.Count++
	}
	return kelpie.None{}, nil
}

func (n *notes) Peek(_ *kelpie.Context, in name) (kelpie.None, error) {
	n.Count++
	return kelpie.None{}, nil
}

func (n *notes) Write(ctx *kelpie.Context, _ kelpie.None) (kelpie.None, error) {
	ctx.KV().Delete("mark")
	return kelpie.None{}, nil
}

func operations() []kelpie.Entry[notes] {
	return kelpie.Operations(
		kelpie.Operation("add", "Adds.", (*notes).Add),
		kelpie.ReadOnly("get", "What there is.", (*notes).Get),
		kelpie.Operation("note", "Notes.", (*notes).Note),
		kelpie.ReadOnly("asked", "How often it was asked.", (*notes).Asked),
		kelpie.Operation("bytes", "Bytes.", (*notes).Bytes),
		kelpie.Operation("do", "Does.", (*notes).Do),
		kelpie.ReadOnly("peek", "Changes in memory.", (*notes).Peek),
		kelpie.ReadOnly("write", "Writes.", (*notes).Write),
		kelpie.Durable("work", "Works.", (*notes).Add),
	)
}

// start registers an actor as if the program had only that.
func start[S any](t *testing.T, actor kelpie.Actor[S]) *kelpietest.Actor {
	t.Helper()
	registry.NewInstance = nil
	kelpie.Register(actor)
	return kelpietest.New(t)
}

func startNotes(t *testing.T) *kelpietest.Actor {
	return start(t, kelpie.Actor[notes]{Doc: "Notes.", Operations: operations()})
}

func ask(t *testing.T, actor *kelpietest.Actor, operation string, argument any, wanted string) {
	t.Helper()
	reply, err := actor.Invoke(operation, argument)
	if err != nil || reply.Text()+string(reply.Bytes()) != wanted {
		t.Fatalf("%s(%v): %q (%v), not %q", operation, argument, reply.Text(), err, wanted)
	}
}

func refuse(t *testing.T, actor *kelpietest.Actor, operation string, argument any, kind kelpie.FailureKind, code, message string) {
	t.Helper()
	reply, err := actor.Invoke(operation, argument)
	var failure *kelpie.Failure
	if !errors.As(err, &failure) || failure.Kind != kind || failure.Code != code || !strings.Contains(failure.Message, message) {
		t.Fatalf("%s(%v): %q (%v), not %s %s %s", operation, argument, reply.Text(), err, kind, code, message)
	}
}

func TestWhatIsAbsentIsAnObjectWithoutMembers(t *testing.T) {
	actor := startNotes(t)
	for _, argument := range []any{"", " ", "{}", "null", "\n null\t", []byte{}, nil} {
		ask(t, actor, "get", argument, `{"count":0,"notes":{}}`)
	}
	ask(t, actor, "add", "", "1")
	ask(t, actor, "add", amount{5}, "6")
	refuse(t, actor, "note", "", kelpie.Rejected, "bad-argument", "name is missing")
	refuse(t, actor, "get", `{"x":1}`, kelpie.Rejected, "bad-argument", "x is no member here")
	refuse(t, actor, "add", "5", kelpie.Rejected, "bad-argument", "has to be an object")
}

func TestLanes(t *testing.T) {
	actor := startNotes(t)
	reply, err := actor.Invoke("bytes", []byte{0, 255})
	if err != nil || reply.IsText() || string(reply.Bytes()) != "\x00\xff!" {
		t.Fatal(reply, err)
	}
	ask(t, actor, "bytes", "", "!")
	refuse(t, actor, "bytes", "text", kelpie.Rejected, "bad-argument", "bytes")
	refuse(t, actor, "add", []byte("{}"), kelpie.Rejected, "bad-argument", "text")
	refuse(t, actor, "nothing", "", kelpie.Rejected, "unknown-operation", "add, get, note")
}

func TestFailures(t *testing.T) {
	actor := startNotes(t)
	for what, message := range map[string]string{
		"fail":       "broken",
		"wrong code": `not "So"`,
		"long":       "bytes more)",
		"panic":      ": at the disco",
		"index":      ": runtime error: slice bounds out of range [1:0]",
		"nil":        "nil pointer dereference",
	} {
		refuse(t, actor, "do", name{what}, kelpie.Failed, "", message)
	}
	refuse(t, actor, "peek", name{}, kelpie.Failed, "", "read-only operation changed the state")
	refuse(t, actor, "write", "", kelpie.Failed, "", "may not write")
	ask(t, actor, "get", "", `{"count":0,"notes":{}}`)
	if len(actor.KV) != 0 || actor.State != nil {
		t.Fatal("a turn that failed was kept")
	}
	lines := 0
	for _, line := range actor.Log {
		if line.Level == kelpie.LevelError && strings.HasPrefix(line.Message, "panicked at actor_test.go:") {
			lines++
		}
	}
	if lines != 4 {
		t.Fatal(actor.Log)
	}
}

func TestBatches(t *testing.T) {
	actor := startNotes(t)
	replies, _, err := actor.InvokeBatch("{\"operation\":\"add\",\"argument\":{\"amount\":2}}\n{\"operation\":\"get\"}\n" +
		`{"argument":{ "name" : "a" },"operation":"note"}`)
	if err != nil || replies != "2\n{\"count\":2,\"notes\":{}}\nnull\n" {
		t.Fatal(replies, err)
	}
	for text, wanted := range map[string]string{
		"{\"operation\":\"add\"}\n\n":                                                    "1 bad-argument",
		"{\"operation\":\"add\"}\n{\"operation\":\"work\"}":                              "1 bad-argument",
		"{\"operation\":\"bytes\"}\n":                                                    "0 bad-argument",
		"{\"operation\":\"x\"}\n":                                                        "0 unknown-operation",
		"{\"operation\":\"add\",\"x\":1}\n":                                              "0 bad-argument",
		"{\"operation\":\"add\",\"argument\":[]}\n":                                      "0 bad-argument",
		"{\"operation\":\"get\"}\n{\"operation\":\"write\"}":                             "1 ",
		"{\"operation\":\"peek\",\"argument\":{\"name\":\"\"}}\n{\"operation\":\"get\"}": "0 ",
	} {
		_, index, err := actor.InvokeBatch(text)
		var failure *kelpie.Failure
		if !errors.As(err, &failure) || string(rune('0'+index))+" "+failure.Code != wanted {
			t.Errorf("%s: %d %v, not %s", text, index, err, wanted)
		}
	}
	ask(t, actor, "get", "", `{"count":2,"notes":{"a":""}}`)
}

func TestManifest(t *testing.T) {
	actor := start(t, kelpie.Actor[notes]{Doc: `Keeps "notes".`, Operations: operations()[:2]})
	wanted := `{"doc":"Keeps \"notes\".","operations":[` +
		`{"name":"add","doc":"Adds.","read_only":false,"durable":false,` +
		`"argument":{"type":"object","properties":{"amount":{"type":"integer","minimum":-9223372036854775808,"maximum":9223372036854775807,"default":1}},"additionalProperties":false},` +
		`"result":{"type":"integer","minimum":-9223372036854775808,"maximum":9223372036854775807}},` +
		`{"name":"get","doc":"What there is.","read_only":true,"durable":false,` +
		`"argument":{"type":"object","properties":{},"additionalProperties":false},` +
		`"result":{"type":"object","properties":{"count":{"type":"integer","minimum":-9223372036854775808,"maximum":9223372036854775807},` +
		`"notes":{"type":"object","additionalProperties":{"type":"string"}}},"required":["count","notes"],"additionalProperties":false}}]}`
	if found := actor.Describe(); found != wanted {
		t.Fatal(found)
	}
}

func TestNamesOfOperations(t *testing.T) {
	for _, name := range []string{"", "a b", "Add", "é", "_a", "1a", "a/b", "get"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q is taken", name)
				}
			}()
			wrong := kelpie.Operation(name, "", (*notes).Add)
			start(t, kelpie.Actor[notes]{Operations: append(operations(), wrong)})
		}()
	}
}

func TestTime(t *testing.T) {
	actor := startNotes(t)
	actor.Time = time.Unix(1, 5)
	if now := actor.Context().Now(); now.UnixNano() != 1_000_000_005 || now.Location() != time.UTC {
		t.Fatal(now)
	}
}
