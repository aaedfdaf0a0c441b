package redact

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"strings"
)

// Marker takes the place of a secret.
const Marker = "<redacted>"

// TooDeep takes the place of what is nested so deeply that it is not
// looked into, where it could hold a secret.
const TooDeep = "<too deep>"

// The bounds of the operator's patterns.
const (
	MaxPatterns      = 50    // of keys, and of values
	MaxPatternLength = 1_000 // bytes
)

// Patterns are the operator's own. Keys and Values are regular expressions
// (RE2): a key that one of Keys matches anywhere has a secret value, and what
// one of Values matches in a text or a number is a secret. With any of them each
// row has to be taken apart, which costs several times as much as decoding it.
//
// With OnlyAllowed, of the inputs and outputs of activity runs only the values
// of the members in Allow and in [SafeMembers] are kept, and of those only what
// holds no secret. A path is input or output and the names of members, in which
// * is any text, and ** any number of names: output.firstRow.*.
type Patterns struct {
	Keys        []string
	Values      []string
	OnlyAllowed bool
	Allow       []string
}

// Redactor takes secrets out. It can be used concurrently; its time is linear
// in what it is given.
type Redactor struct {
	hints   hints
	rules   [256][]rule // by the byte they start at
	keys    []*regexp.Regexp
	values  []*regexp.Regexp
	names   map[string]bool // in lower case, of WithKeys
	allowed *allowList      // nil without OnlyAllowed
}

// New makes a redactor with the built-in rules and the operator's patterns.
// The error says which pattern can't be used and why.
func New(p Patterns) (*Redactor, error) {
	r := Default()
	var err error
	if r.keys, err = compile("keys", p.Keys); err != nil {
		return nil, err
	}
	if r.values, err = compile("values", p.Values); err != nil {
		return nil, err
	}
	if p.OnlyAllowed {
		r.allowed, err = newAllowList(p.Allow)
	}
	return r, err
}

// Default makes a redactor with the built-in rules alone.
func Default() *Redactor {
	r := &Redactor{hints: newHints()}
	for _, rule := range textRules() {
		for _, c := range []byte(rule.starts) {
			r.rules[c] = append(r.rules[c], rule)
		}
	}
	return r
}

// WithKeys returns a Redactor that also redacts the values of members with
// these names, without regard to case and at any depth, as r does those of
// "password". The names are exact: pin does not match pinCode. r stays as it
// is. Use it where something other than the name says that a value is secret:
// a parameter that its pipeline declares as SecureString.
func (r *Redactor) WithKeys(names ...string) *Redactor {
	if len(names) == 0 {
		return r
	}
	with := *r
	with.names = maps.Clone(r.names)
	if with.names == nil {
		with.names = map[string]bool{}
	}
	for _, name := range names {
		with.names[strings.ToLower(name)] = true
	}
	return &with
}

func compile(list string, patterns []string) ([]*regexp.Regexp, error) {
	if len(patterns) > MaxPatterns {
		return nil, fmt.Errorf("%s: %d patterns are too many: at most %d are allowed, and one may have alternatives (a|b)", list, len(patterns), MaxPatterns)
	}
	var all []*regexp.Regexp
	for i, p := range patterns {
		re, err := compilePattern(p)
		if err != nil {
			return nil, fmt.Errorf("%s[%d]: %w", list, i, err)
		}
		all = append(all, re)
	}
	return all, nil
}

// CheckPattern says why a pattern can't be used; nil when it can.
func CheckPattern(pattern string) error {
	_, err := compilePattern(pattern)
	return err
}

func compilePattern(pattern string) (*regexp.Regexp, error) {
	if len(pattern) > MaxPatternLength {
		return nil, fmt.Errorf("is %d bytes long: at most %d are allowed", len(pattern), MaxPatternLength)
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("%q is not a regular expression of RE2: %s", pattern, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	if re.MatchString("") {
		return nil, fmt.Errorf("%q matches an empty text, so it would match everywhere: write what has to be there, such as [0-9]+ for [0-9]*", pattern)
	}
	return re, nil
}

// Options say what else must not be kept of an activity run.
type Options struct {
	DropInput  bool // the definition's policy has secureInput
	DropOutput bool // … secureOutput
}

// JSON returns raw without its secrets, and whether it had any. A secret
// becomes the string Marker, whatever it was. Without one, raw itself is
// returned; with one, all else stays as it was written: order, numbers, white
// space. What is no JSON is taken as a text.
func (r *Redactor) JSON(raw []byte) (clean []byte, changed bool) {
	return r.row(raw, Options{}, nil)
}

// ActivityRun is JSON for a row of an activity run, of which whole members
// may have to go.
func (r *Redactor) ActivityRun(raw []byte, o Options) (clean []byte, changed bool) {
	return r.row(raw, o, r.allowed)
}

func (r *Redactor) row(raw []byte, o Options, allowed *allowList) (clean []byte, changed bool) {
	if !r.suspects(raw) && o == (Options{}) && allowed == nil {
		return raw, false
	}
	text := string(raw)
	settled := settle(text, `"`+Marker+`"`, func(s string) string {
		if !json.Valid([]byte(s)) {
			return r.redactText(s, 0)
		}
		w := walker{r: r, raw: []byte(s), drop: o}
		w.value(w.next(0), 0)
		if s = w.edited(s); allowed != nil {
			s = allowed.allowOnly(s)
		}
		return s
	})
	if settled == text {
		return raw, false
	}
	return []byte(settled), true
}

// Text returns a message without its secrets, and whether it had any.
func (r *Redactor) Text(s string) (clean string, changed bool) {
	clean = r.text(s, 0)
	return clean, clean != s
}

// text is Text for what is nested so deeply.
func (r *Redactor) text(s string, depth int) string {
	return settle(s, Marker, func(s string) string { return r.redactText(s, depth) })
}

// mostPasses is how often a text is looked through. One pass finds what there
// is and the second finds nothing more, but for texts that were made to do otherwise.
const mostPasses = 6

// settle redacts s until a pass finds nothing more. What does not come to rest
// becomes all, which a pass must leave as it is. So redacting twice is
// redacting once, whatever the rules do: the result is a text that a pass does
// not change. Example: "a" -> "b" -> "b" gives "b"; "a" -> "b" -> "a" -> … gives all.
func settle(s, all string, pass func(string) string) string {
	for range mostPasses {
		next := pass(s)
		if next == s {
			return s
		}
		s = next
	}
	return all
}

// suspects reports whether b may hold a secret. Most rows don't, and this
// says so for a third of what decoding them costs. The operator's patterns
// can be looked for only in decoded texts.
func (r *Redactor) suspects(b []byte) bool {
	return len(r.keys)+len(r.values)+len(r.names) > 0 || r.hints.inBytes(b)
}

// replaceMatches puts Marker in the place of each match. A match within a
// marker is none, and one that meets a marker takes it in, so that doing it
// again changes nothing.
func replaceMatches(re *regexp.Regexp, s string) string {
	found := re.FindAllStringIndex(s, -1)
	if found == nil {
		return s
	}
	var b strings.Builder
	done := 0
	for _, m := range found {
		from, to, isMarker := beyondMarkers(s, m[0], m[1])
		if isMarker || from < done || from == to {
			continue
		}
		b.WriteString(s[done:from])
		b.WriteString(Marker)
		done = to
	}
	b.WriteString(s[done:])
	return b.String()
}

// beyondMarkers widens from and to over the markers that they cut through,
// and reports whether what is between them lies within one marker.
func beyondMarkers(s string, from, to int) (int, int, bool) {
	start := max(0, from-len(Marker)+1)
	for at := strings.Index(s[start:min(len(s), to+len(Marker)-1)], Marker); at >= 0; {
		begin, end := start+at, start+at+len(Marker)
		if begin <= from && to <= end {
			return from, to, true
		}
		if begin < from && from < end {
			from = begin
		}
		if begin < to && to < end {
			to = end
		}
		start = end
		if start >= to {
			break
		}
		at = strings.Index(s[start:min(len(s), to+len(Marker)-1)], Marker)
	}
	return from, to, false
}
