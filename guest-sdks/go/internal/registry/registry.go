// Package registry is where the actor of a program is found: by the exports of
// the component, and by the fake of kelpietest.
package registry

import "kelpie/internal/contract"

var (
	// NewInstance makes an actor as it is in a fresh instance. Nil: none is registered.
	NewInstance func() contract.Instance
	// NewContext makes the Context of one turn, a *kelpie.Context.
	NewContext func(host contract.Host) any
)
