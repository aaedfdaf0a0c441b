package redact_test

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"andon/internal/redact"
)

var update = flag.Bool("update", false, "write testdata/samples.golden again")

// placeholders are the secrets that samples.txt has places for.
func placeholders() map[string]string {
	return map[string]string{
		"{S}": "Zq7hunter2X", "{L}": "Zq7Kd83hfLs02jdPq81mZxNvB45tYwRc", "{H}": "4f1c0de5a7b3924e8d6c0f1a2b3c4d5e",
		"{K}": "Zq7Kd83hfLs02jdPq81mZxNvB45tYwRcUe6+Ab3/Cd5Ef7Gh9Ij1Kl3Mn5Op7Qr9St1Uv3Wx5Yz7Ab9Cd1Ef3G==",
		"{J}": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
	}
}

// sample is a text with a secret, and the parts of it that must be gone.
type sample struct {
	kind, text string
	secrets    []string
}

func samples(tb testing.TB) []sample {
	tb.Helper()
	b, err := os.ReadFile("testdata/samples.txt")
	if err != nil {
		tb.Fatal(err)
	}
	var all []sample
	for line := range strings.Lines(string(b)) {
		kind, text, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !ok {
			continue
		}
		s := sample{kind: kind, text: strings.ReplaceAll(text, `\n`, "\n")}
		for name, secret := range placeholders() {
			if strings.Contains(s.text, name) {
				s.text = strings.ReplaceAll(s.text, name, secret)
				s.secrets = append(s.secrets, secret[:min(len(secret), 24)]) // without what an encoding changes
			}
		}
		for _, written := range []string{"dTpacTdodW50ZXIyWA", "AKIA0123456789ABCDEF"} {
			if strings.Contains(s.text, written) {
				s.secrets = append(s.secrets, written)
			}
		}
		if len(s.secrets) == 0 {
			tb.Fatalf("no secret in the sample %q", line)
		}
		all = append(all, s)
	}
	return all
}

// wrapping is a way in which a text comes to Andon.
type wrapping struct {
	name string
	wrap func(t *testing.T, s sample) (text string, secrets []string)
}

func wrappings() []wrapping {
	asJSON := func(t *testing.T, text string) string {
		t.Helper()
		if json.Valid([]byte(text)) {
			return text
		}
		return fmt.Sprintf(`{"m":%s}`, quoted(t, text))
	}
	plainly := func(wrap func(t *testing.T, text string) string) func(t *testing.T, s sample) (string, []string) {
		return func(t *testing.T, s sample) (string, []string) {
			t.Helper()
			return wrap(t, s.text), s.secrets
		}
	}
	encode := base64.StdEncoding.EncodeToString
	return []wrapping{
		{"plain", plainly(func(_ *testing.T, text string) string { return text })},
		{"JSON", plainly(func(t *testing.T, text string) string { t.Helper(); return fmt.Sprintf(`{"x":[%s]}`, asJSON(t, text)) })},
		{"in a string", plainly(func(t *testing.T, text string) string {
			t.Helper()
			return fmt.Sprintf(`{"body":%s}`, quoted(t, asJSON(t, text)))
		})},
		{"sentence", plainly(func(_ *testing.T, text string) string { return "The call sent " + text + " and was refused." })},
		{"URL", plainly(func(t *testing.T, text string) string {
			t.Helper()
			return "https://h.example/go?body=" + url.QueryEscape(asJSON(t, text)) + "&x=1"
		})},
		{"HTML", plainly(func(t *testing.T, text string) string {
			t.Helper()
			return "<pre>" + strings.NewReplacer("&", "&amp;", `"`, "&quot;", "<", "&lt;", ">", "&gt;").Replace(asJSON(t, text)) + "</pre>"
		})},
		{"base64", func(_ *testing.T, s sample) (string, []string) {
			text := encode([]byte(s.text))
			return fmt.Sprintf(`{"content":%q}`, text), []string{text[:min(len(text), 16)], text[len(text)/2:]}
		}},
		{"log line", plainly(func(_ *testing.T, text string) string {
			return "2026-11-30T02:00:05.123Z INFO [worker-3] c.e.Loader - step 4 of 7: " + text + "\n2026-11-30T02:00:06Z INFO done"
		})},
	}
}

// TestSamples wraps each sample in each way and counts by kind what is hidden.
// The table is kept: what was hidden must stay so, and what no longer is missed
// is written down.
func TestSamples(t *testing.T) {
	t.Parallel()
	r := redact.Default()
	type count struct{ hidden, all int }
	counts := map[string]*count{}
	var kinds, missed []string
	for _, s := range samples(t) {
		if !slices.Contains(kinds, s.kind) {
			kinds = append(kinds, s.kind)
		}
		for _, w := range wrappings() {
			text, secrets := w.wrap(t, s)
			clean, _ := r.JSON([]byte(text))
			isHidden := !slices.ContainsFunc(secrets, func(secret string) bool { return strings.Contains(string(clean), secret) })
			if again, changed := r.JSON(clean); changed {
				t.Errorf("%s\nbecame %s\nthen   %s", text, clean, again)
			}
			if json.Valid([]byte(text)) && !json.Valid(clean) {
				t.Errorf("%s\nbecame %s", text, clean)
			}
			for _, key := range []string{s.kind + "\t" + w.name, "all\t" + w.name} {
				if counts[key] == nil {
					counts[key] = &count{}
				}
				counts[key].all++
				if isHidden {
					counts[key].hidden++
				}
			}
			if !isHidden {
				missed = append(missed, fmt.Sprintf("%s, %s: %s", s.kind, w.name, s.text))
			}
		}
	}
	slices.Sort(kinds)
	var table strings.Builder
	fmt.Fprintf(&table, "%-32s", "hidden of all samples")
	for _, w := range wrappings() {
		fmt.Fprintf(&table, "%13s", w.name)
	}
	for _, kind := range append(kinds, "all") {
		fmt.Fprintf(&table, "\n%-32s", kind)
		for _, w := range wrappings() {
			c := counts[kind+"\t"+w.name]
			fmt.Fprintf(&table, "%13s", fmt.Sprintf("%d/%d", c.hidden, c.all))
		}
	}
	table.WriteString("\n\nmissed:\n")
	for _, m := range missed {
		table.WriteString(strings.ReplaceAll(m, "\n", `\n`) + "\n")
	}
	const golden = "testdata/samples.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(table.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(table.String())
	if table.String() != string(want) {
		t.Errorf("what is hidden is not what %s says (run with -update where more is hidden)", golden)
	}
}
