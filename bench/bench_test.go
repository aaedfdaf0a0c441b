package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
)

// TestSmokeMeasuresEveryPart keeps the command from rotting: with tiny sizes
// and without the JavaScript client each part has to print its table, and each
// target its line. The figures mean nothing.
func TestSmokeMeasuresEveryPart(t *testing.T) {
	t.Parallel()
	var out, progress bytes.Buffer
	err := measure(t.Context(), []string{"-size", "5000", "-rounds", "1", "-samples", "2", "-spell", "50ms", "-peer", "", "-dir", t.TempDir()}, &out, &progress)
	if err != nil {
		t.Fatalf("%v\n%s%s", err, out.String(), progress.String())
	}
	for _, want := range []string{
		`(?m)^  median +[\d,]+ +[\d,]+ +[\d.]+×$`,                                       // decode
		`(?m)^  median +[\d,]+ +- +-$`,                                                  // collect, without the peer
		`(?m)^  median +[\d,]+ +[\d,]+ +[\d,]+ +[\d.]+× +[\d.]+×$`,                      // write
		`(?m)^  runs: newest 100, 1 d +[\d.]+ +[\d.]+ +[\d.]+ +[\d,]+ +(ok|OVER)$`,      // queries
		`(?m)^  children of a run +[\d.]+ `,                                             // … to the last kind
		`(?m)^  HTTP/1.1, 4 connections, runs/s +[\d,]+ +≥ 50,000 +[\d.]+×$`,            // emulator
		`(?m)^  HTTP/2, 4 connections, runs/s +[\d,]+ +≥ 50,000 +[\d.]+×$`,              // …
		`(?m)^  emulator: start with 5,000 runs +< 10 s +[\d.]+ s +(met|NOT MET)$`,      // …
		`(?m)^  collect beside the JavaScript client +≥ 3× +- +not measured: left out$`, // targets
		`(?m)^  store pages, one collector +≥ 22,000/s +[\d,]+/s +(met|NOT MET)$`,       // …
		`(?m)^  API on 5,000 runs +every p95 < 50 ms +\d+ of \d+ +(met|NOT MET)$`,       // …
	} {
		if !regexp.MustCompile(want).MatchString(out.String()) {
			t.Errorf("nothing like %s in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "NaN") || strings.Contains(out.String(), "Inf") {
		t.Errorf("a figure that is none in\n%s", out.String())
	}
}

func TestUnknownPartIsRefusedByName(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	_, err := parseArgs([]string{"-only", "decode,colect"}, &out)
	if err == nil || !strings.Contains(err.Error(), `"colect"; the parts are decode, collect, write, queries`) {
		t.Fatalf("got %v", err)
	}
}
