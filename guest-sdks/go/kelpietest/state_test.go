package kelpietest_test

import (
	"errors"
	"testing"

	"kelpie"
)

func TestStateIsSavedWhenItChanges(t *testing.T) {
	actor := startNotes(t)
	ask(t, actor, "add", `{"amount":0}`, "0")
	ask(t, actor, "get", "", `{"count":0,"notes":{}}`)
	if actor.State != nil {
		t.Fatal(actor.State.Text())
	}
	ask(t, actor, "note", name{"a"}, "null")
	if wanted := `{"version":1,"state":{"count":0,"notes":{"a":""}}}`; actor.State.Text() != wanted {
		t.Fatal(actor.State.Text())
	}
	actor.Renew()
	ask(t, actor, "get", "", `{"count":0,"notes":{"a":""}}`)
}

func TestMemoryIsACache(t *testing.T) {
	actor := startNotes(t)
	ask(t, actor, "get", "", `{"count":0,"notes":{}}`)
	ask(t, actor, "asked", "", "1")
	actor.Renew()
	ask(t, actor, "asked", "", "0")
	ask(t, actor, "get", "", `{"count":0,"notes":{}}`)
	refuse(t, actor, "do", name{"reject"}, kelpie.Rejected, "refused", "so it is")
	ask(t, actor, "asked", "", "0")
}

func TestStateThatCannotBeRead(t *testing.T) {
	actor := startNotes(t)
	for state, message := range map[string]string{
		``:                         "no state of this SDK",
		`{"count":1}`:              "no state of this SDK: count is no member here",
		`{"version":1,"state":{}}`: "version 1 cannot be read: count is missing",
		`{"version":1,"state":{"count":1,"notes":{},"x":1}}`: "x is no member here",
		`{"version":2,"state":{}}`:                           "version 2, this component knows 1: roll forward",
		`{"version":0,"state":{}}`:                           "no Migrate",
	} {
		stored := kelpie.Text(state)
		actor.State = &stored
		actor.Renew()
		for _, operation := range []string{"add", "get"} {
			refuse(t, actor, operation, "", kelpie.Failed, "", message)
		}
		if actor.State.Text() != state {
			t.Fatal("it was written over")
		}
	}
	stored := kelpie.Bytes([]byte(`{"version":1,"state":{"count":1,"notes":{}}}`))
	actor.State = &stored
	refuse(t, actor, "get", "", kelpie.Failed, "", "is bytes")
}

func TestMigration(t *testing.T) {
	actor := start(t, kelpie.Actor[notes]{
		Version:    3,
		Operations: operations(),
		Migrate: func(version int, old kelpie.JSON) (notes, error) {
			if version == 1 {
				return notes{}, errors.New("too old")
			}
			value, err := kelpie.FromJSON[struct {
				Value int64 `json:"value"`
			}](old)
			return notes{Count: value.Value, Notes: map[string]string{}}, err
		},
	})
	stored := kelpie.Text(`{"version":2,"state":{"value":7}}`)
	actor.State = &stored
	ask(t, actor, "get", "", `{"count":7,"notes":{}}`)
	if actor.State.Text() != stored.Text() {
		t.Fatal("a read-only operation saved")
	}
	ask(t, actor, "add", `{"amount":0}`, "7")
	if wanted := `{"version":3,"state":{"count":7,"notes":{}}}`; actor.State.Text() != wanted {
		t.Fatal(actor.State.Text())
	}
	stored = kelpie.Text(`{"version":1,"state":{}}`)
	actor.Renew()
	actor.State = &stored
	refuse(t, actor, "get", "", kelpie.Failed, "", "too old")
}

func TestNewIsTheStateOfWhatWasNeverSaved(t *testing.T) {
	actor := start(t, kelpie.Actor[notes]{
		Operations: operations(),
		New:        func() notes { return notes{Count: 40, Notes: map[string]string{}} },
	})
	ask(t, actor, "add", `{"amount":2}`, "42")
}
