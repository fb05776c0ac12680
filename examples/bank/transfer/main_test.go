package main

import (
	"testing"

	"kelpie"
	"kelpie/kelpietest"
)

const order = `{"from":"ann","to":"bob","amount":30}`

func started(t *testing.T) *kelpietest.Actor {
	actor := kelpietest.New(t)
	actor.Address.Key = "t1"
	// Clients are taken for accounts where it makes no difference.
	account := kelpie.Address{Namespace: "default", Kind: "account", Key: "ann"}
	actor.Caller = kelpie.Caller{Sort: kelpie.CallerActor, Address: account}
	status, err := kelpietest.Invoke[Status](actor, "start", order)
	if err != nil || status.Stage != Withdrawing {
		t.Fatal(status, err)
	}
	return actor
}

// expect runs a turn, and then looks at the stage.
func expect(t *testing.T, actor *kelpietest.Actor, operation, argument string, stage Stage) {
	t.Helper()
	if _, err := actor.Invoke(operation, argument); err != nil {
		t.Fatal(operation, err)
	}
	status, err := kelpietest.Invoke[Status](actor, "status", "")
	if err != nil || status.Stage != stage {
		t.Fatalf("behind %s it is %q, not %q (%v)", operation, status.Stage, stage, err)
	}
	_, reminded := actor.Reminders["again"]
	if _, underWay := steps[stage]; reminded != underWay {
		t.Fatalf("%s: reminded %v", stage, reminded)
	}
}

func answer(operation, what string) string {
	return `{"target":{"namespace":"default","kind":"account","key":"ann"},"operation":"` +
		operation + `","request_id":"r",` + what + `}`
}

const (
	done    = `"reply":{"outcome":"done"}`
	refused = `"reply":{"outcome":"refused","reason":"there is no such account"}`
	unknown = `"failure":{"sort":"unknown","message":"who knows"}`
)

// asked is what the accounts were asked, in order.
func asked(t *testing.T, actor *kelpietest.Actor, want ...string) {
	t.Helper()
	var got []string
	for _, each := range actor.Sent {
		if each.Argument.Text() != `{"amount":30}` || each.Continuation != "answered" {
			t.Error(each)
		}
		got = append(got, each.Target.Key+" "+each.Operation)
	}
	if len(got) != len(want) {
		t.Fatal(got)
	}
	for place := range want {
		if got[place] != want[place] {
			t.Error(got)
		}
	}
}

func TestMoneyArrives(t *testing.T) {
	actor := started(t)
	expect(t, actor, "answered", answer("withdraw", done), "depositing")
	expect(t, actor, "answered", answer("deposit", done), "done")
	asked(t, actor, "ann withdraw", "bob deposit")
}

func TestWhatIsRefusedAtFirstMovesNothing(t *testing.T) {
	actor := started(t)
	expect(t, actor, "answered", answer("withdraw", refused), "refused")
	status, _ := kelpietest.Invoke[Status](actor, "status", "")
	if status.Reason != "there is no such account" {
		t.Error(status)
	}
	asked(t, actor, "ann withdraw")
}

func TestWhatIsRefusedAtLastIsPutBack(t *testing.T) {
	actor := started(t)
	expect(t, actor, "answered", answer("withdraw", done), "depositing")
	rejected := `"failure":{"sort":"rejected","code":"bad-argument","message":"no"}`
	expect(t, actor, "answered", answer("deposit", rejected), "refunding")
	expect(t, actor, "answered", answer("refund", done), "refunded")
	asked(t, actor, "ann withdraw", "bob deposit", "ann refund")
}

func TestWhatIsUnknownIsNotRefused(t *testing.T) {
	actor := started(t)
	expect(t, actor, "answered", answer("withdraw", unknown), "withdrawing")
	expect(t, actor, "again", "", "withdrawing")
	expect(t, actor, "answered", answer("withdraw", done), "depositing")
	for range 3 {
		expect(t, actor, "again", "", "depositing")
	}
	expect(t, actor, "answered", answer("deposit", unknown), "depositing")
	expect(t, actor, "answered", answer("deposit", done), "done")
	asked(t, actor, "ann withdraw", "ann withdraw", "bob deposit", "bob deposit", "bob deposit", "bob deposit")
}

func TestAnswersThatComeLateChangeNothing(t *testing.T) {
	actor := started(t)
	expect(t, actor, "answered", answer("withdraw", done), "depositing")
	expect(t, actor, "answered", answer("withdraw", refused), "depositing")
	expect(t, actor, "answered", answer("deposit", done), "done")
	expect(t, actor, "answered", answer("deposit", refused), "done")
	expect(t, actor, "again", "", "done")
	asked(t, actor, "ann withdraw", "bob deposit")
}

func TestItIsRemindedUntilItEnds(t *testing.T) {
	actor := started(t)
	for range 2 {
		if actor.Reminders["again"].Schedule != kelpie.Every(patience) {
			t.Error(actor.Reminders)
		}
		expect(t, actor, "again", "", "withdrawing")
	}
	expect(t, actor, "answered", answer("withdraw", refused), "refused")
	expect(t, actor, "again", "", "refused")
}

func TestAnOrderIsTakenOnce(t *testing.T) {
	actor := started(t)
	expect(t, actor, "start", order, "withdrawing")
	asked(t, actor, "ann withdraw")
	for _, wrong := range []string{
		`{"from":"ann","to":"cid","amount":30}`,
		`{"from":"ann","to":"bob","amount":31}`,
	} {
		if _, err := actor.Invoke("start", wrong); err == nil {
			t.Error(wrong)
		}
	}
}

func TestWhatIsNoOrder(t *testing.T) {
	actor := kelpietest.New(t)
	for _, wrong := range []string{
		`{"from":"ann","to":"ann","amount":30}`,
		`{"from":"ann","to":"bob","amount":0}`,
		`{"from":"ann","to":"bob","amount":-1}`,
	} {
		if _, err := actor.Invoke("start", wrong); err == nil {
			t.Error(wrong)
		}
	}
}

func TestOnlyAccountsAnswer(t *testing.T) {
	actor := started(t)
	actor.Caller = kelpie.Caller{Sort: kelpie.CallerClient, Name: "mallory"}
	if _, err := actor.Invoke("answered", answer("withdraw", done)); err == nil {
		t.Error("it believes anybody")
	}
	expect(t, actor, "again", "", "withdrawing")
}
