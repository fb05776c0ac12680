package main

import (
	cryptorand "crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"math/rand"
	randv2 "math/rand/v2"
	"strconv"
	"time"

	"kelpie"
)

// Nanoseconds is a time.
type Nanoseconds struct {
	Nanoseconds uint64 `json:"nanoseconds"`
}

// Time is the time of the turn.
func (c *Conformance) Time(ctx *kelpie.Context, _ kelpie.None) (Nanoseconds, error) {
	return Nanoseconds{uint64(ctx.Now().UnixNano())}, nil
}

// LanguageTime is the time by the clock of the language.
func (c *Conformance) LanguageTime(*kelpie.Context, kelpie.None) (Nanoseconds, error) {
	return Nanoseconds{uint64(time.Now().UnixNano())}, nil
}

// Length is how many bytes.
type Length struct {
	Length uint32 `json:"length"`
}

// Entropy are random bytes.
func (c *Conformance) Entropy(ctx *kelpie.Context, in Length) (string, error) {
	return hex.EncodeToString(ctx.Entropy().Bytes(int(in.Length))), nil
}

// EntropyU64 is a random number.
func (c *Conformance) EntropyU64(ctx *kelpie.Context, _ kelpie.None) (string, error) {
	return strconv.FormatUint(ctx.Entropy().Uint64(), 10), nil
}

// UUID is a random UUID.
func (c *Conformance) UUID(ctx *kelpie.Context, _ kelpie.None) (string, error) {
	return ctx.Entropy().UUID(), nil
}

// LanguageRandom are four random numbers, from all that Go has.
func (c *Conformance) LanguageRandom(*kelpie.Context, kelpie.None) ([]string, error) {
	var fromCrypto [8]byte
	if _, err := cryptorand.Read(fromCrypto[:]); err != nil {
		return nil, err
	}
	numbers := []uint64{
		rand.Uint64(),
		randv2.Uint64(),
		binary.LittleEndian.Uint64(fromCrypto[:]),
		uint64(rand.Int63()),
	}
	var made []string
	for _, number := range numbers {
		made = append(made, strconv.FormatUint(number, 10))
	}
	return made, nil
}

// Line is a line of the log.
type Line struct {
	Level   string `json:"level"`
	Message string `json:"message"`
}

// Log writes a line to the log.
func (c *Conformance) Log(ctx *kelpie.Context, in Line) (kelpie.None, error) {
	log := ctx.Log()
	switch in.Level {
	case "debug":
		log.Debug(in.Message)
	case "info":
		log.Info(in.Message)
	case "warn":
		log.Warn(in.Message)
	case "error":
		log.Error(in.Message)
	default:
		return kelpie.None{}, kelpie.Reject("bad-argument", "level: there is no '"+in.Level+"'")
	}
	return kelpie.None{}, nil
}

// Config is a value of the kind.
func (c *Conformance) Config(ctx *kelpie.Context, in Name) (*string, error) {
	return optional(ctx.Config(in.Name)), nil
}

// Secret is a secret of the kind.
func (c *Conformance) Secret(ctx *kelpie.Context, in Name) (*string, error) {
	return optional(ctx.Secret(in.Name)), nil
}

func optional(value string, found bool) *string {
	if !found {
		return nil
	}
	return &value
}
