package kelpie

import (
	"strings"
	"unicode/utf8"
)

// passed is a text as the host takes it. What is not UTF-8 panics here, in the
// author's code: the host could only end the instance, without a place.
func passed(text, what string) string {
	if !utf8.ValidString(text) {
		panic("kelpie: " + what + " has bytes in it that are not UTF-8")
	}
	return text
}

// passedPayload is the same of a payload in the text lane.
func passedPayload(value Payload, what string) Payload {
	if value.IsText() {
		passed(value.Text(), what)
	}
	return value
}

// passedTarget is the same of what a message is for.
func passedTarget(target Address, operation string) {
	passed(target.Namespace, "a namespace")
	passed(target.Kind, "a kind")
	passed(target.Key, "a key")
	passed(operation, "an operation")
}

// readable is a text for people: a ? stands for bytes that are not UTF-8.
func readable(text string) string { return strings.ToValidUTF8(text, "?") }
