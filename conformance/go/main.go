// Command go asks the emulated Azure with Microsoft's own Go clients, unmodified, and prints one JSON line for each
// call of the surface: whether the client got what it wants and one fact that proves it decoded the answer.
//
//	go run . emulator.json endpoints   # custom cloud: the authority and Resource Manager's address in the options
//	go run . emulator.json proxy       # default cloud: nothing but HTTPS_PROXY and SSL_CERT_FILE in the environment
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

func main() {
	if len(os.Args) != 3 || os.Args[2] != "endpoints" && os.Args[2] != "proxy" {
		fmt.Fprintln(os.Stderr, "usage: go run . FILE endpoints|proxy, where FILE holds the line of andon emulate --json")
		os.Exit(2)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	p, err := newProgram(ctx, os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, "conformance/go:", err)
		os.Exit(1)
	}
	p.entra()
	p.resourceManager()
	p.factories()
	p.definitions()
	p.pipelineRuns()
	p.createRuns()
	p.cancels()
	p.triggers()
	p.triggerRuns()
	p.runtimes()
	if p.failed {
		os.Exit(1)
	}
}

// line is what the program prints of one call.
type line struct {
	Client  string `json:"client"`
	Version string `json:"version"`
	Way     string `json:"way"`
	Call    string `json:"call"`
	OK      bool   `json:"ok"`
	Result  string `json:"result,omitempty"`
	Error   string `json:"error,omitempty"`
}

// broken is what need panics with, to leave the call that it is in.
type broken string

// need ends the call as failed unless is holds.
func need(is bool, format string, args ...any) {
	if !is {
		panic(broken(fmt.Sprintf(format, args...)))
	}
}

// noError ends the call as failed when err is one.
func noError(err error) { need(err == nil, "%v", err) }

// call makes one call of the surface and prints its line. A call that an earlier failure left without what it needs
// fails as well, so that nothing is left out in silence.
func (p *program) call(name string, f func() string) {
	out := line{Client: "go", Version: p.version, Way: p.way, Call: name}
	func() {
		defer func() {
			switch r := recover().(type) {
			case nil:
				out.OK = true
			case broken:
				out.Error = string(r)
			default:
				out.Error = fmt.Sprint("panic: ", r)
			}
		}()
		out.Result = f()
	}()
	p.failed = p.failed || !out.OK
	text, err := json.Marshal(out)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(text))
}
