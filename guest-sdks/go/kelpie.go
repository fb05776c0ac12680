// Package kelpie is what the author of an actor imports.
//
// The state's type is the actor, and its methods are the operations:
//
//	type Counter struct {
//		Value int64 `json:"value"`
//	}
//
//	type Add struct {
//		Amount int64 `json:"amount" doc:"how much"`
//	}
//
//	func (c *Counter) Add(ctx *kelpie.Context, in Add) (Counter, error) {
//		c.Value += in.Amount
//		return *c, nil
//	}
//
//	func init() {
//		kelpie.Register(kelpie.Actor[Counter]{
//			Doc: "Counts.",
//			Operations: kelpie.Operations(
//				kelpie.Operation("add", "Adds to the value.", (*Counter).Add),
//			),
//		})
//	}
//
//	func main() {}
//
// A turn is one operation, from start to commit. All that it changes is
// committed, or none of it: when the operation returns an error or panics, the
// host forgets what it did. The state is loaded by the first operation and saved
// when an operation changed it.
package kelpie
