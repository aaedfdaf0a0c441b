package history_test

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"andon/internal/store/history"
)

func TestEqualParameters(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, a, b string
		want       bool
	}{
		{"none and none", `{}`, `{}`, true},
		{"unknown equals nothing", `null`, `null`, false},
		{"unknown and none", `null`, `{}`, false},
		{"no object", `"x"`, `"x"`, false},
		{"members in another order", `{"a":"1","b":"2"}`, `{"b":"2","a":"1"}`, true},
		{"scalars by their text", `{"n":5,"b":true}`, `{"n":"5","b":"true"}`, true},
		{"another value", `{"a":"1"}`, `{"a":"2"}`, false},
		{"text as written", `{"a":"Orders"}`, `{"a":"orders"}`, false},
		{"numbers by their text", `{"a":1.0}`, `{"a":1}`, false},
		{"JSON in text", `{"c":{"x":1,"y":[1,2]}}`, `{"c":"{\"y\": [\"1\", 2], \"x\": \"1\"}"}`, true},
		{"JSON in text that differs", `{"c":{"x":1}}`, `{"c":"{\"x\":2}"}`, false},
		{"an array's order matters", `{"c":[1,2]}`, `{"c":[2,1]}`, false},
		{"an array's items are apart", `{"c":["a,b"]}`, `{"c":["a","b"]}`, false},
		{"text that only looks like JSON", `{"c":"{x}"}`, `{"c":"{x}"}`, true},
		{"a gained parameter", `{"table":"orders"}`, `{"table":"orders","mode":"full"}`, true},
		{"a gained parameter, another value", `{"table":"orders"}`, `{"table":"items","mode":"full"}`, false},
		{"the first parameter", `{}`, `{"mode":"full"}`, true},
		{"a renamed parameter", `{"date":"2026-10-28"}`, `{"loadDate":"2026-10-29"}`, false},
		{"null is a value", `{"a":null}`, `{"a":null}`, true},
		{"null is no text", `{"a":null}`, `{"a":""}`, false},
	} {
		a, b := history.ParametersOf(json.RawMessage(tt.a)), history.ParametersOf(json.RawMessage(tt.b))
		if got := history.Equal(a, b); got != tt.want || history.Equal(b, a) != tt.want {
			t.Errorf("%s: %s and %s: %v, want %v", tt.name, tt.a, tt.b, got, tt.want)
		}
		ka, oka := a.Key()
		kb, okb := b.Key()
		same := oka && okb && ka == kb
		if sameNames := strings.Join(a.Names(), "|") == strings.Join(b.Names(), "|"); sameNames && same != tt.want {
			t.Errorf("%s: keys %d and %d", tt.name, ka, kb)
		}
	}
}

// TestTheKeyFollowsTheParameters: for objects with the same names, equal keys
// and Equal say the same.
func TestTheKeyFollowsTheParameters(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) history.Parameters {
			m := map[string]any{}
			for _, name := range []string{"a", "b", "c"} {
				m[name] = rapid.SampledFrom([]any{1, "1", "x", `{"k":1}`, map[string]any{"k": "1"}, []any{1, "2"}, "[1,2]", nil, true}).Draw(t, label+name)
			}
			raw, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			return history.ParametersOf(raw)
		}
		a, b := draw("first "), draw("second ")
		ka, _ := a.Key()
		kb, _ := b.Key()
		if history.Equal(a, b) != (ka == kb) {
			t.Fatalf("%s and %s: equal %v, keys %d and %d", a.Label(), b.Label(), history.Equal(a, b), ka, kb)
		}
		if again := history.ParametersOf([]byte(a.Label())); !history.Equal(a, again) {
			t.Fatalf("the label %s reads as %s", a.Label(), again.Label())
		}
	})
}

// TestBadParametersCostNothing: what people and programs send by mistake is
// read, or unknown, and never an error.
func TestBadParametersCostNothing(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 1000) + strings.Repeat("]", 1000)
	many := map[string]any{}
	for i := range 300 {
		many[strings.Repeat("n", i+1)] = i
	}
	raw, err := json.Marshal(many)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		raw   string
		known bool
		n     int
	}{
		"nested 1,000 deep": {`{"a":` + deep + `}`, true, 1},
		"nested in text":    {`{"a":` + quote(t, deep, 4) + `}`, true, 1},
		"300 parameters":    {string(raw), true, 300},
		"no JSON":           {`{"a":`, false, 0},
		"an array":          {`[1]`, false, 0},
		"empty":             {``, false, 0},
	} {
		p := history.ParametersOf(json.RawMessage(tt.raw))
		if p.Known != tt.known || len(p.All()) != tt.n || p.Known && !history.Equal(p, p) {
			t.Errorf("%s: known %v, %d parameters", name, p.Known, len(p.All()))
		}
	}
}

// quote makes JSON of a text of JSON of a text, so many times.
func quote(tb testing.TB, s string, times int) string {
	tb.Helper()
	for range times {
		b, err := json.Marshal(s)
		if err != nil {
			tb.Fatal(err)
		}
		s = string(b)
	}
	return s
}

func FuzzParameters(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":{"b":"{\"c\":[1]}"}}`, `{"a":"[1,2","b":1e400}`, "{\"\xff\":\"\xfe\"}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		p := history.ParametersOf(json.RawMessage(raw))
		if p.Known != history.Equal(p, p) {
			t.Fatalf("%q: known %v, equal to itself %v", raw, p.Known, history.Equal(p, p))
		}
		if again := history.ParametersOf([]byte(p.Label())); p.Known && !history.Equal(p, again) {
			t.Fatalf("%q: the label %s reads as %s", raw, p.Label(), again.Label())
		}
	})
}
