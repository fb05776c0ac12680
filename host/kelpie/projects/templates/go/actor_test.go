package main

import (
	"errors"
	"math"
	"testing"

	"kelpie"
	"kelpie/kelpietest"
)

func TestItCounts(t *testing.T) {
	counter := kelpietest.New(t)
	for _, turn := range []struct{ operation, argument, reply string }{
		{"add", ``, `{"value":1}`},
		{"add", `{"amount": 5}`, `{"value":6}`},
		{"get", ``, `{"value":6}`},
		{"reset", ``, `{"value":0}`},
	} {
		reply, err := counter.Invoke(turn.operation, turn.argument)
		if err != nil || reply.Text() != turn.reply {
			t.Fatalf("%s %s: %q, %v", turn.operation, turn.argument, reply.Text(), err)
		}
	}
}

func TestItNeverGoesBelowZeroOrTooFar(t *testing.T) {
	counter := kelpietest.New(t)
	if _, err := counter.Invoke("add", Add{Amount: 2}); err != nil {
		t.Fatal(err)
	}
	for _, amount := range []int64{-3, math.MaxInt64} {
		_, err := counter.Invoke("add", Add{Amount: amount})
		var refused *kelpie.Failure
		if !errors.As(err, &refused) || refused.Code != "out-of-range" {
			t.Fatal(amount, err)
		}
	}
	// What was refused has changed nothing.
	value, err := kelpietest.Invoke[Value](counter, "get", nil)
	if err != nil || value.Value != 2 {
		t.Fatal(value, err)
	}
}
