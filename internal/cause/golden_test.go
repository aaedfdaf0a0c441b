package cause_test

import (
	"bufio"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"andon/internal/cause"
)

var update = flag.Bool("update", false, "write the golden column of testdata/messages.jsonl again")

const messagesFile = "testdata/messages.jsonl"

// message is a line of the file of public failure messages, with made-up names.
// Cause is the golden column: the text, or the reason in brackets.
type message struct {
	Label       string  `json:"label"`
	Message     string  `json:"message"`
	ErrorCode   *string `json:"errorCode"`
	FailureType *string `json:"failureType"`
	Activity    string  `json:"activity"`
	Cause       string  `json:"cause"`
}

func messages(tb testing.TB) []message {
	tb.Helper()
	f, err := os.Open(messagesFile)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // only read
	var out []message
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var m message
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			tb.Fatal(err)
		}
		out = append(out, m)
	}
	if err := lines.Err(); err != nil {
		tb.Fatal(err)
	}
	return out
}

func column(c cause.Cause) string {
	if c.Text == "" {
		return "[" + c.Reason + "]"
	}
	return c.Text
}

// TestTheCausesOfPublicMessages holds the text of each message, which was read
// by a person. With -update the column is written again, to be read again.
func TestTheCausesOfPublicMessages(t *testing.T) {
	t.Parallel()
	all := messages(t)
	if len(all) != 188 {
		t.Errorf("%d messages, want 188", len(all))
	}
	var b strings.Builder
	lines := json.NewEncoder(&b)
	lines.SetEscapeHTML(false)
	for i, m := range all {
		got := cause.OfMessage(m.Message)
		if *update {
			m.Activity, m.Cause = got.Activity, column(got)
			if err := lines.Encode(m); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if column(got) != m.Cause || got.Activity != m.Activity {
			t.Errorf("line %d, %s:\n got %q at %q\nwant %q at %q", i+1, m.Label, column(got), got.Activity, m.Cause, m.Activity)
		}
	}
	if *update {
		if err := os.WriteFile(messagesFile, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
