package kelpietest_test

import (
	"errors"
	"strings"
	"testing"

	"kelpie"
)

const broken = "a\xff"

// What is not UTF-8 is told where it is passed, and not by a host that ends the instance.
func TestWhatIsNotUTF8IsToldWithItsPlace(t *testing.T) {
	for what, pass := range map[string]func(*kelpie.Context){
		"a key":          func(ctx *kelpie.Context) { ctx.KV().SetText(broken, "v") },
		"a value":        func(ctx *kelpie.Context) { ctx.KV().SetText("k", broken) },
		"a prefix":       func(ctx *kelpie.Context) { ctx.KV().List(kelpie.KVRange{Prefix: broken}) },
		"a name":         func(ctx *kelpie.Context) { ctx.Config(broken) },
		"a kind":         func(ctx *kelpie.Context) { ctx.Messaging().Send(kelpie.Address{Kind: broken}, "go", kelpie.Text("")) },
		"an operation":   func(ctx *kelpie.Context) { ctx.Messaging().Call(ctx.Address(), broken, kelpie.Text("")) },
		"an argument":    func(ctx *kelpie.Context) { ctx.Messaging().SendAfter(0, ctx.Address(), "go", kelpie.Text(broken)) },
		"a continuation": func(ctx *kelpie.Context) { ctx.Messaging().Request(ctx.Address(), "go", kelpie.Text(""), broken) },
		"a time zone": func(ctx *kelpie.Context) {
			ctx.Messaging().Remind("r", kelpie.Cron("* * * * *", broken), kelpie.Skip, "go", kelpie.Text(""))
		},
	} {
		actor := startRaw(t, func(ctx *kelpie.Context) error { pass(ctx); return nil })
		_, err := actor.Invoke("run", nil)
		var failure *kelpie.Failure
		if !errors.As(err, &failure) || failure.Kind != kelpie.Failed {
			t.Fatal(what, err)
		}
		if told := ": kelpie: " + what + " has bytes in it that are not UTF-8"; !strings.HasPrefix(failure.Message, "panicked at passing_test.go:") ||
			!strings.HasSuffix(failure.Message, told) {
			t.Error(what, failure.Message)
		}
	}
}

func TestWhatIsForPeopleIsToldAsFarAsItCanBe(t *testing.T) {
	for _, fails := range []error{errors.New(broken), kelpie.Reject("code", broken)} {
		actor := startRaw(t, func(ctx *kelpie.Context) error { ctx.Log().Info(broken); return fails })
		_, err := actor.Invoke("run", nil)
		var failure *kelpie.Failure
		if !errors.As(err, &failure) || failure.Message != "a?" {
			t.Error(err)
		}
		if line := actor.Log[0].Message; line != "a?" {
			t.Errorf("%q", line)
		}
	}
}
