// A guest in Go that uses what wasip1 offers: it knows nothing of Kelpie but the
// two functions that an actor exports.
package main

import (
	cryptorand "crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"strconv"
	"strings"
	"time"
)

const manifest = `{"operations": [{"name": "now"}, {"name": "random"}]}`

var (
	bornAt     = time.Now()
	bornSecret = secret(8)
	turns      int
	junk       [][]byte
)

func main() {}

func init() {
	fmt.Println("born")
}

func secret(size int) string {
	drawn := make([]byte, size)
	if _, err := cryptorand.Read(drawn); err != nil {
		panic(err)
	}
	return hex.EncodeToString(drawn)
}

func run(operation, argument string) string {
	turns++
	switch operation {
	case "now":
		return strconv.FormatInt(time.Now().UnixNano(), 10)
	case "born":
		return fmt.Sprint(bornAt.UnixNano(), " ", bornSecret)
	case "random":
		size, _ := strconv.Atoi(argument)
		return secret(size)
	case "math":
		return fmt.Sprint(rand.Uint64(), rand.Uint64())
	case "map":
		return overMap()
	case "sleep":
		wanted, _ := time.ParseDuration(argument)
		began := time.Now()
		time.Sleep(wanted)
		return time.Since(began).String()
	case "timers":
		return overTimers()
	case "say":
		fmt.Print(argument)
		return "said"
	case "complain":
		fmt.Fprint(os.Stderr, argument)
		return "complained"
	case "surroundings":
		return fmt.Sprint(len(os.Args), os.Environ(), os.Getenv("HOME"))
	case "file":
		_, err := os.ReadFile(argument)
		return fmt.Sprint(err)
	case "input":
		_, err := os.Stdin.Read(make([]byte, 8))
		return fmt.Sprint(err)
	case "exit":
		fmt.Print("last words")
		os.Exit(7)
	case "panic":
		panic(errors.New(argument))
	case "litter":
		return litter(argument)
	case "turns":
		return strconv.Itoa(turns)
	}
	return "no operation " + operation
}

func overMap() string {
	table := map[int]bool{}
	for index := range 50 {
		table[index] = true
	}
	var order []string
	for key := range table {
		order = append(order, strconv.Itoa(key))
	}
	return strings.Join(order, " ")
}

func overTimers() string {
	done := make(chan string, 3)
	for _, wait := range []time.Duration{30, 10, 20} {
		go func() {
			time.Sleep(wait * time.Millisecond)
			done <- fmt.Sprint(int(wait))
		}()
	}
	return <-done + " " + <-done + " " + <-done
}

// Enough garbage that it is collected now and then.
func litter(argument string) string {
	count, _ := strconv.Atoi(argument)
	for range count {
		junk = append(junk, make([]byte, 1000))
		if len(junk) > 1000 {
			junk = nil
		}
	}
	return "littered"
}
