package kelpietest_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"kelpie"
	"kelpie/kelpietest"
)

// raw is an actor that keeps its state itself.
type raw = kelpie.None

func startRaw(t *testing.T, run func(ctx *kelpie.Context) error) *kelpietest.Actor {
	return start(t, kelpie.Actor[raw]{Operations: kelpie.Operations(
		kelpie.Operation("run", "", func(_ *raw, ctx *kelpie.Context, _ kelpie.None) (kelpie.None, error) {
			return kelpie.None{}, run(ctx)
		}),
	)})
}

func TestRawState(t *testing.T) {
	var found []string
	actor := startRaw(t, func(ctx *kelpie.Context) error {
		value, there := ctx.State().Load()
		if !there {
			value = kelpie.Text("none")
		}
		found = append(found, value.Text())
		ctx.State().Save(kelpie.Text("one"))
		if value.Text() == "one" {
			ctx.State().Clear()
		}
		return nil
	})
	for range 3 {
		ask(t, actor, "run", "", "null")
	}
	if !slices.Equal(found, []string{"none", "one", "none"}) {
		t.Fatal(found)
	}
}

func TestStateOfTheSDKIsNotRaw(t *testing.T) {
	actor := start(t, kelpie.Actor[notes]{Operations: kelpie.Operations(
		kelpie.Operation("raw", "", func(_ *notes, ctx *kelpie.Context, _ kelpie.None) (kelpie.None, error) {
			ctx.State().Clear()
			return kelpie.None{}, nil
		}),
	)})
	refuse(t, actor, "raw", "", kelpie.Failed, "", "kept by the SDK")
}

func TestKeysAndValues(t *testing.T) {
	context := startNotes(t).Context()
	kv := context.KV()
	kv.SetText("a/1", "text")
	kv.SetBytes("a/2", []byte{1})
	if err := kelpie.SetJSON(kv, "b", amount{5}); err != nil {
		t.Fatal(err)
	}
	text, found := kv.GetText("a/1")
	content, alsoFound := kv.GetBytes("a/2")
	value, third, err := kelpie.GetJSON[amount](kv, "b")
	if text != "text" || !found || !bytes.Equal(content, []byte{1}) || !alsoFound || value.Amount != 5 || !third || err != nil {
		t.Fatal(text, content, value, err)
	}
	if _, found := kv.GetText("c"); found {
		t.Fatal("c is there")
	}
	if _, _, err := kelpie.GetJSON[amount](kv, "a/1"); err == nil {
		t.Fatal("text is no JSON")
	}
	kv.Delete("a/1")
	if _, found := kv.Get("a/1"); found {
		t.Fatal("it is still there")
	}
}

func TestListingGoesOverAllPages(t *testing.T) {
	kv := startNotes(t).Context().KV()
	for number := range 2_500 {
		kv.SetText("k"+string(rune(0x4000+number)), "")
	}
	kv.SetText("other", "")
	for limit, wanted := range map[int]int{0: 2_500, 7: 7, 1_000: 1_000, 1_500: 1_500, 9_999: 2_500} {
		for _, reverse := range []bool{false, true} {
			var keys []string
			for key := range kv.All(kelpie.KVRange{Prefix: "k", Limit: limit, Reverse: reverse}) {
				keys = append(keys, key)
			}
			if reverse {
				slices.Reverse(keys)
			}
			if len(keys) != wanted || !slices.IsSorted(keys) {
				t.Fatal(limit, reverse, len(keys))
			}
		}
	}
	page := kv.List(kelpie.KVRange{After: "k" + string(rune(0x4000+2_498))})
	if len(page.Entries) != 2 || page.More {
		t.Fatal(page)
	}
}

func TestEntropyIsThatOfTheTurn(t *testing.T) {
	actor := startNotes(t)
	draw := func() string {
		entropy := actor.Context().Entropy()
		return string(entropy.Bytes(8)) + entropy.UUID() + string(rune(entropy.Uint64()%1000))
	}
	first := draw()
	if draw() != first || len(first) < 8+36 || first[8+14] != '4' {
		t.Fatal("it differs")
	}
	actor.RequestID = "request-2"
	if draw() == first {
		t.Fatal("it is the same")
	}
}

func TestMessages(t *testing.T) {
	other := kelpie.Address{Namespace: "default", Kind: "other", Key: "k"}
	actor := startRaw(t, func(ctx *kelpie.Context) error {
		messaging := ctx.Messaging()
		sum, err := kelpie.Call[int](ctx, other, "add", amount{5})
		if err != nil || sum != 6 {
			return errors.New("the call failed")
		}
		_, err = messaging.CallKeyed("again", other, "refuse", kelpie.Text(""))
		var failure *kelpie.Failure
		if !errors.As(err, &failure) || failure.Kind != kelpie.Rejected || failure.Code != "no" {
			return errors.New("it was not refused")
		}
		return errors.Join(
			messaging.Send(other, "add", kelpie.Text("1")),
			messaging.SendAfter(1500*time.Microsecond, other, "add", kelpie.Text("2")),
			messaging.Request(other, "add", kelpie.Text("3"), "then"),
			messaging.Remind("daily", kelpie.Cron("0 9 * * *", "UTC"), kelpie.Skip, "run", kelpie.Text("")),
			messaging.Remind("soon", kelpie.After(time.Second), kelpie.FireOnce, "run", kelpie.Text("")),
		)
	})
	actor.Answer = func(call kelpietest.Message) (kelpie.Payload, error) {
		if call.Operation == "refuse" {
			return kelpie.Payload{}, kelpie.Reject("no", "never")
		}
		return kelpie.Text("6"), nil
	}
	ask(t, actor, "run", "", "null")
	if len(actor.Calls) != 2 || actor.Calls[0].Argument.Text() != `{"amount":5}` || actor.Calls[1].Key != "again" {
		t.Fatal(actor.Calls)
	}
	if len(actor.Sent) != 3 || actor.Sent[1].Delay != 2*time.Millisecond || actor.Sent[2].Continuation != "then" {
		t.Fatal(actor.Sent)
	}
	if len(actor.Reminders) != 2 || actor.Reminders["daily"].Schedule.Zone != "UTC" {
		t.Fatal(actor.Reminders)
	}
	names, err := actor.Context().Messaging().Reminders()
	if err != nil || strings.Join(names, " ") != "daily soon" {
		t.Fatal(names, err)
	}
	if found, err := actor.Context().Messaging().CancelReminder("soon"); !found || err != nil || len(actor.Reminders) != 1 {
		t.Fatal(found, err)
	}
}

func TestNobodyIsThere(t *testing.T) {
	actor := startRaw(t, func(ctx *kelpie.Context) error {
		_, err := ctx.Messaging().Call(kelpie.Address{}, "x", kelpie.Payload{})
		return err
	})
	refuse(t, actor, "run", "", kelpie.Unavailable, "", "unavailable: nobody is there")
}

func TestWhatIsAMatterOfTimeIsPassedOn(t *testing.T) {
	for _, kind := range []kelpie.FailureKind{kelpie.Unavailable, kelpie.Unknown} {
		actor := startRaw(t, func(ctx *kelpie.Context) error {
			_, err := ctx.Messaging().Call(kelpie.Address{}, "x", kelpie.Payload{})
			return fmt.Errorf("the stock: %w", err)
		})
		actor.Answer = func(kelpietest.Message) (kelpie.Payload, error) {
			return kelpie.Payload{}, &kelpie.Failure{Kind: kind, Message: "later"}
		}
		refuse(t, actor, "run", "", kind, "", "later")
	}
}

func TestAContextEndsWithItsTurn(t *testing.T) {
	var kept *kelpie.Context
	actor := startRaw(t, func(ctx *kelpie.Context) error {
		kept = ctx
		return nil
	})
	ask(t, actor, "run", "", "null")
	defer func() {
		if cause := recover(); cause == nil || !strings.Contains(cause.(string), "has ended") {
			t.Fatal(cause)
		}
	}()
	kept.Turn()
}

func TestSurroundings(t *testing.T) {
	actor := startNotes(t)
	actor.Config["A"], actor.Secrets["B"] = "a", "b"
	context := actor.Context()
	config, found := context.Config("A")
	secret, alsoFound := context.Secret("B")
	_, none := context.Config("B")
	if config != "a" || !found || secret != "b" || !alsoFound || none {
		t.Fatal(config, secret)
	}
	context.Log().Warn("look")
	if actor.Log[0] != (kelpietest.Line{Level: kelpie.LevelWarn, Message: "look"}) || actor.Log[0].Level.String() != "warn" {
		t.Fatal(actor.Log)
	}
	if context.Address().String() != "default/actor/key" || context.Turn() != 1 || context.RequestID() != "request-1" || context.Caller().Name != "anonymous" {
		t.Fatal(context.Address())
	}
}
