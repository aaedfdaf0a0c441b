package emulator

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// FuzzParseQuery feeds bodies to the decoder of the run queries: each is a
// query or a 400, and a query's signature does not depend on the token.
func FuzzParseQuery(f *testing.F) {
	for _, body := range []string{
		"", "{}", "null", `{"lastUpdatedAfter":"2026-03-01T10:00:00Z","lastUpdatedBefore":"2026-03-01 10:10:00"}`,
		`{"filters":[{"operand":"Status","operator":"In","values":["Failed"]},{"operand":"LatestOnly","operator":"Equals","values":[true]}]}`,
		`{"orderBy":[{"orderBy":"RunStart","order":"DESC"}],"continuationToken":"x"}`,
		`{"filters":[{"operand":"RunGroupId","operator":"Equals","values":["a","b"]}]}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		q, e := parseQuery(body, pipelineRunGrammar(), false)
		if e != nil {
			if e.Status != http.StatusBadRequest || e.Code == "" || e.Message == "" {
				t.Errorf("%q gives %+v", body, e)
			}
			return
		}
		other := q
		other.token = "another"
		if string(q.subject("f")) != string(other.subject("F")) {
			t.Errorf("%q: the signature depends on the token", body)
		}
		if after, before := q.window(time.Unix(0, 0)); q.after.IsZero() && before.Sub(after) != defaultWindow {
			t.Errorf("%q: default window from %s to %s", body, after, before)
		}
	})
}

func TestATokenOpensWithItsOwnKeyAndSubjectOnly(t *testing.T) {
	t.Parallel()
	key, other := newPageKey(), newPageKey()
	rapid.Check(t, func(t *rapid.T) {
		s := snapshot{
			at:   time.Unix(0, rapid.Int64().Draw(t, "at")).UTC(),
			runs: rapid.IntMin(0).Draw(t, "runs"),
			next: rapid.IntMin(-1).Draw(t, "next"),
		}
		subject := []byte(rapid.String().Draw(t, "subject"))
		token := key.token(s, subject)
		if got, err := key.open(token, subject); err != nil || got != s {
			t.Fatalf("%+v comes back as %+v, %v", s, got, err)
		}
		if _, err := other.open(token, subject); err == nil {
			t.Fatal("another process's key opens the token")
		}
		if _, err := key.open(token, append(subject, 'x')); err == nil {
			t.Fatal("another query opens the token")
		}
		i := rapid.IntRange(0, len(token)-1).Draw(t, "place")
		forged := token[:i] + strings.Map(func(r rune) rune {
			if r == 'A' {
				return 'B'
			}
			return 'A'
		}, token[i:i+1]) + token[i+1:]
		if got, err := key.open(forged, subject); err == nil && got != s {
			t.Fatalf("a forged token opens as %+v", got)
		}
	})
}
