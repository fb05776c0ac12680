package kelpie

import (
	"reflect"
	"strconv"

	"kelpie/internal/codec"
	"kelpie/internal/contract"
	"kelpie/internal/registry"
)

// None is the type of what is not there: the argument of an operation that
// takes none, the result of one that replies `null`, the state of an actor that
// keeps none or keeps it itself, through [Context.State].
type None = struct{}

// Actor is what an actor is: its state's type S, and what can be asked of it.
type Actor[S any] struct {
	// Doc says what this kind of actor is for.
	Doc string
	// Version of the form of the state; 0 is 1. Raise it when a stored state of
	// the old form cannot be read as the new one, and give a Migrate.
	Version int
	// Migrate makes a state of this version out of one of an earlier version,
	// given as the JSON that was stored. The result is saved with the next turn
	// that may write.
	Migrate func(version int, old JSON) (S, error)
	// New makes the state of an actor that was never saved. Without it this is
	// the zero value, with its `default` tags applied and its maps made.
	New func() S
	// Operations are what can be asked of it, in the order in which they are shown.
	Operations []Entry[S]
}

// Operations is its arguments, so that S need not be written out.
func Operations[S any](entries ...Entry[S]) []Entry[S] { return entries }

// Register makes actor the one of this program. Call it once, from an init
// function of package main.
//
// What is wrong with the types of its state and operations is found when the
// component is deployed, or in its unit tests: they ask for all of it. A fresh
// instance asks only for what its turns need.
func Register[S any](actor Actor[S]) {
	if registry.NewInstance != nil {
		panic("kelpie: Register was called twice; a component is one kind of actor")
	}
	made := planOf(actor)
	registry.NewInstance = func() contract.Instance { return &program[S]{plan: made} }
}

// plan is an actor with all that is found out about it once.
type plan[S any] struct {
	Actor[S]
	state *codec.Codec
	// envelope is what stands before the state, as it is stored.
	envelope string
}

func planOf[S any](actor Actor[S]) *plan[S] {
	if actor.Version == 0 {
		actor.Version = 1
	}
	made := &plan[S]{Actor: actor, envelope: `{"version":` + strconv.Itoa(actor.Version) + `,"state":`}
	for index := range actor.Operations {
		entry := &actor.Operations[index]
		if !isName(entry.name) {
			panic("kelpie: an operation's name is of a-z, 0-9 and _, and begins with a letter: not " + strconv.Quote(entry.name))
		}
		if made.find(entry.name) != entry {
			panic("kelpie: operation " + strconv.Itoa(index) + " needs a name of its own, and has " + strconv.Quote(entry.name))
		}
	}
	return made
}

// isName says whether an operation can have the name: the same in every language,
// since callers do not know which it is.
func isName(name string) bool {
	for index, symbol := range []byte(name) {
		if symbol-'a' >= 26 && (index == 0 || symbol-'0' >= 10 && symbol != '_') {
			return false
		}
	}
	return name != ""
}

// find is the operation of a name, or nil. They are few, and a map is slow in
// WebAssembly: it hashes without the machine's help.
func (p *plan[S]) find(name string) *Entry[S] {
	for index := range p.Operations {
		if p.Operations[index].name == name {
			return &p.Operations[index]
		}
	}
	return nil
}

// keepsState says whether the SDK keeps the state, or the actor itself.
func (p *plan[S]) keepsState() bool { return reflect.TypeFor[S]() != reflect.TypeFor[None]() }

// stateCodec is how the state is kept. It panics if the type cannot be.
func (p *plan[S]) stateCodec() *codec.Codec {
	if p.state == nil {
		made, err := codec.Of(reflect.TypeFor[S]())
		if err != nil {
			panic("kelpie: the state cannot be kept as JSON: " + err.Error())
		}
		p.state = made
	}
	return p.state
}
