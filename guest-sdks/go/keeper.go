package kelpie

import (
	"bytes"
	"errors"
	"strconv"
	"unsafe"

	"kelpie/internal/contract"
)

// keeper has the state of an actor in memory, and sees to it that what is in
// the store and what is in memory are the same between turns.
//
// Memory can be trusted as long as the instance lives: one whose turn failed or
// was refused is dropped by the host.
type keeper[S any] struct {
	plan  *plan[S]
	value *S
	// stored is the value as it is stored, at the end of the last turn; spare is
	// the buffer for the next.
	stored, spare []byte
	// migrated says that the store still has the state of an earlier version.
	migrated bool
}

// load is the state, read from the host at the first turn of the instance.
func (k *keeper[S]) load(ctx *Context) (*S, error) {
	if k.value != nil {
		return k.value, nil
	}
	value := new(S)
	if k.plan.keepsState() {
		if err := k.read(ctx, value); err != nil {
			return nil, err
		}
		stored, err := k.encode(nil, value)
		if err != nil {
			return nil, err
		}
		k.stored = stored
	}
	k.value = value
	return value, nil
}

func (k *keeper[S]) read(ctx *Context, into *S) error {
	payload, found := ctx.host.StateLoad()
	if !found {
		if k.plan.New != nil {
			*into = k.plan.New()
		} else {
			k.plan.stateCodec().Fresh(unsafe.Pointer(into))
		}
		return nil
	}
	if !payload.IsText() {
		return errors.New("the stored state is bytes, and no JSON of this SDK")
	}
	kept, err := readEnvelope(payload.Text())
	if err != nil {
		return errors.New("the stored state is no state of this SDK: " + err.Error())
	}
	stored, known := strconv.Itoa(kept.Version), strconv.Itoa(k.plan.Version)
	if kept.Version > k.plan.Version {
		return errors.New("the stored state is of version " + stored + ", this component knows " + known + ": roll forward")
	}
	if kept.Version < k.plan.Version {
		if err := k.migrate(kept, into); err != nil {
			return errors.New("the stored state of version " + stored + " cannot be migrated to " + known + ": " + err.Error())
		}
		return nil
	}
	if err := k.plan.stateCodec().Decode(string(kept.State), unsafe.Pointer(into)); err != nil {
		return errors.New("the stored state of version " + stored + " cannot be read: " + err.Error() + " (give the field a default, or the actor a new Version and a Migrate)")
	}
	return nil
}

func (k *keeper[S]) migrate(kept envelope, into *S) error {
	if k.plan.Migrate == nil {
		return errors.New("the actor has no Migrate")
	}
	made, err := k.plan.Migrate(kept.Version, kept.State)
	*into, k.migrated = made, err == nil
	return err
}

// settle ends an operation, or a batch of them, that succeeded: what it changed
// is saved.
func (k *keeper[S]) settle(ctx *Context, readOnly bool) error {
	if k.value == nil || !k.plan.keepsState() {
		return nil
	}
	now, err := k.encode(k.spare[:0], k.value)
	if err != nil {
		return err
	}
	k.spare = now
	changed := !bytes.Equal(now, k.stored)
	if readOnly {
		if changed {
			return errors.New(changedReadOnly)
		}
		return nil
	}
	if changed || k.migrated {
		ctx.host.StateSave(contract.Text(view(now)))
		k.migrated = false
		k.stored, k.spare = now, k.stored
	}
	return nil
}

const changedReadOnly = "a read-only operation changed the state in memory; it is not saved"

// encode appends the value as it is stored.
func (k *keeper[S]) encode(out []byte, value *S) ([]byte, error) {
	out, err := k.plan.stateCodec().Encode(append(out, k.plan.envelope...), unsafe.Pointer(value))
	if err != nil {
		return nil, errors.New("the state cannot be written: " + err.Error())
	}
	return append(out, '}'), nil
}
