package history

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"slices"
	"strings"
)

// Redacted is what stands in a stored row in the place of a secret. A value
// that holds it says nothing about what it was.
const Redacted = "<redacted>"

// Parameter is one parameter of a run.
type Parameter struct {
	Name   string
	Text   string // the form in which values are compared
	digest uint64 // of name and text
}

// Hidden reports whether the value was redacted, wholly or in part.
func (p Parameter) Hidden() bool { return strings.Contains(p.Text, Redacted) }

// Parameters are the parameters of one run in order of their names. Known is
// false where the row says nothing of them, as rows of logs do: such
// parameters equal nothing, not even themselves.
type Parameters struct {
	Known bool
	list  []Parameter
}

// ParametersOf reads the member "parameters" of a run. What is absent, null or
// no object is unknown; {} is known and empty.
func ParametersOf(raw json.RawMessage) Parameters {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || raw[0] != '{' {
		return Parameters{}
	}
	if len(raw) == 2 {
		return Parameters{Known: true}
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return Parameters{}
	}
	p := Parameters{Known: true, list: make([]Parameter, 0, len(members))}
	for name, value := range members {
		text := canonicalValue(value)
		p.list = append(p.list, Parameter{Name: name, Text: text, digest: digestOf(name, text)})
	}
	slices.SortFunc(p.list, func(a, b Parameter) int { return strings.Compare(a.Name, b.Name) })
	return p
}

func digestOf(name, text string) uint64 {
	b := make([]byte, 0, len(name)+len(text)+4)
	b = binary.BigEndian.AppendUint32(b, uint32(len(name))) //nolint:gosec // a length of memory; its low bits are enough to keep name and text apart
	b = append(b, name...)
	b = append(b, text...)
	sum := sha256.Sum256(b)
	return binary.BigEndian.Uint64(sum[:8])
}

// All returns the parameters in order of their names. The slice must not be
// changed.
func (p Parameters) All() []Parameter { return p.list }

// Only returns the parameters that keep accepts.
func (p Parameters) Only(keep func(Parameter) bool) Parameters {
	out := Parameters{Known: p.Known}
	for _, one := range p.list {
		if keep(one) {
			out.list = append(out.list, one)
		}
	}
	return out
}

// Names returns the names in order.
func (p Parameters) Names() []string {
	names := make([]string, len(p.list))
	for i, one := range p.list {
		names[i] = one.Name
	}
	return names
}

// keyBits is the size of a Key: small enough to be stored in six bytes.
// Two of a million runs of one pipeline that differ share a key with a chance
// of one to 280,000.
const keyBits = 48

// Key is a number that equal parameters share: 0 for known and empty ones,
// else 1 to 2^48-1. Unknown parameters have no key.
func (p Parameters) Key() (key int64, ok bool) {
	if !p.Known {
		return 0, false
	}
	if len(p.list) == 0 {
		return 0, true
	}
	b := make([]byte, 0, 8*len(p.list))
	for _, one := range p.list {
		b = binary.BigEndian.AppendUint64(b, one.digest)
	}
	sum := sha256.Sum256(b)
	key = int64(binary.BigEndian.Uint64(sum[:8]) >> (64 - keyBits))
	return max(key, 1), true
}

// Label is the parameters as JSON, an object of texts with its members in
// order: what a series is called.
func (p Parameters) Label() string {
	var out strings.Builder
	out.WriteByte('{')
	for i, one := range p.list {
		if i > 0 {
			out.WriteByte(',')
		}
		writeScalar(&out, one.Name, false)
		out.WriteByte(':')
		writeScalar(&out, one.Text, false)
	}
	out.WriteByte('}')
	return out.String()
}

// Common restricts a and b to the names that both have. Pipelines gain and
// lose parameters, so only these are compared. ok is false where nothing can
// be compared: one of them is unknown, or each has parameters and they share
// none.
//
// Example: {table: orders} and {table: orders, mode: full} are compared by
// table; {date: 28} and {loadDate: 29} not at all.
func Common(a, b Parameters) (commonA, commonB Parameters, ok bool) {
	if !a.Known || !b.Known {
		return Parameters{}, Parameters{}, false
	}
	commonA = a.Only(func(p Parameter) bool { return b.has(p.Name) })
	commonB = b.Only(func(p Parameter) bool { return a.has(p.Name) })
	return commonA, commonB, len(commonA.list) > 0 || len(a.list) == 0 || len(b.list) == 0
}

// Equal reports whether two runs have equal parameters as far as both have
// them. Ignored and redacted parameters must have been left out before.
func Equal(a, b Parameters) bool {
	ca, cb, ok := Common(a, b)
	return ok && slices.EqualFunc(ca.list, cb.list, func(x, y Parameter) bool { return x.digest == y.digest })
}

func (p Parameters) has(name string) bool {
	_, found := slices.BinarySearchFunc(p.list, name, func(one Parameter, n string) int { return strings.Compare(one.Name, n) })
	return found
}
