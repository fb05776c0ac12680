//go:build wasip1 && wasm

package kelpie

// The exports of the component; without this import there would be none.
import _ "kelpie/internal/abi"
