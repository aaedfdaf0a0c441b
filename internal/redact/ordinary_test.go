package redact_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"andon/internal/redact"
)

// TestOrdinaryTextsStay reads messages of ADF's failures, and texts that are
// about secrets without holding one. Not a byte of them may go, alone or within JSON.
func TestOrdinaryTextsStay(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("testdata/ordinary.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	r := redact.Default()
	texts := 0
	for line := range strings.Lines(string(b)) {
		var text string
		if err := json.Unmarshal([]byte(line), &text); err != nil {
			t.Fatal(err)
		}
		texts++
		if clean, changed := r.Text(text); changed {
			t.Errorf("%s\nbecame %s", text, clean)
		}
		row := string(quoted(t, map[string]any{"message": text, "output": map[string]any{"errors": []string{text}}}))
		if clean, changed := r.JSON([]byte(row)); changed {
			t.Errorf("%s\nbecame %s", row, clean)
		}
	}
	if texts < 200 {
		t.Errorf("only %d texts", texts)
	}
}
