package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"andon/internal/emulator"
)

// peerHistory is more than the 45 days that the emulated ADF remembers.
const peerHistory = 50 * 24 * time.Hour

// peerQuestion is what read.mjs takes on standard input.
type peerQuestion struct {
	emulator.Info

	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// peerAnswer is what read.mjs prints.
type peerAnswer struct {
	Runs         int     `json:"runs"`
	Milliseconds float64 `json:"milliseconds"`
	Node         string  `json:"node"`
}

// peerAbsent says why the JavaScript client can't be measured, "" when it can.
func (b *bench) peerAbsent() string {
	if b.peer == "" {
		return "left out"
	}
	if _, err := os.Stat(filepath.Join(b.peer, "node_modules", "@azure", "arm-datafactory")); err != nil {
		return "not installed in " + b.peer + " (make bench does it)"
	}
	return ""
}

// runPeer has the JavaScript client read every run.
func (b *bench) runPeer(ctx context.Context, info emulator.Info, size int) (peerAnswer, error) {
	now := b.now()
	question, err := json.Marshal(peerQuestion{Info: info, From: now.Add(-peerHistory), To: now.Add(time.Hour)})
	if err != nil {
		return peerAnswer{}, fmt.Errorf("encode how to reach the emulator: %w", err)
	}
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, "node", "read.mjs")
	cmd.Dir = b.peer
	cmd.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+info.CAFile)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(question), &out, &errs
	if err := cmd.Run(); err != nil {
		return peerAnswer{}, fmt.Errorf("the JavaScript client broke off: %w: %s", err, strings.TrimSpace(errs.String()))
	}
	var answer peerAnswer
	if err := json.Unmarshal(out.Bytes(), &answer); err != nil {
		return peerAnswer{}, fmt.Errorf("the answer of the JavaScript client: %w", err)
	}
	if answer.Runs < size {
		return peerAnswer{}, fmt.Errorf("the JavaScript client read %d runs of %d", answer.Runs, size)
	}
	return answer, nil
}
