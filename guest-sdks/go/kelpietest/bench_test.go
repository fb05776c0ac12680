package kelpietest_test

import (
	"testing"

	"kelpie"
	"kelpie/internal/contract"
	"kelpie/internal/registry"
)

type counter struct {
	Value int64 `json:"value"`
}

func (c *counter) Add(_ *kelpie.Context, in amount) (counter, error) {
	c.Value += in.Amount
	return *c, nil
}

type nullHost struct{ contract.Host }

func (nullHost) StateLoad() (kelpie.Payload, bool) { return kelpie.Payload{}, false }
func (nullHost) StateSave(kelpie.Payload)          {}

func BenchmarkAdd(b *testing.B) {
	registry.NewInstance = nil
	kelpie.Register(kelpie.Actor[counter]{Operations: kelpie.Operations(
		kelpie.Operation("add", "Adds.", (*counter).Add),
	)})
	instance := registry.NewInstance()
	argument := kelpie.Text(`{"amount": 5}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, failure := instance.Invoke(nullHost{}, "add", argument); failure != nil {
			b.Fatal(failure)
		}
	}
}
