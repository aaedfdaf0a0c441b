package store

import (
	"bytes"
	"encoding/hex"
	"strings"
)

// guidLen is the length of a stored GUID. No other stored id has it.
const guidLen = 16

// encodeRunID returns the stored form of a runId, which is the same for every
// spelling in upper and lower case: the 16 bytes of a GUID, else "x" and the
// text in lower case. An empty id is nil.
func encodeRunID(id string) []byte {
	if id == "" {
		return nil
	}
	if b, ok := parseGUID(id); ok {
		return b
	}
	b := append([]byte{'x'}, strings.ToLower(id)...)
	if len(b) == guidLen {
		b = append(b, 0)
	}
	return b
}

// decodeRunID undoes encodeRunID, in lower case.
func decodeRunID(b []byte) string {
	switch {
	case len(b) == 0:
		return ""
	case len(b) != guidLen:
		return string(bytes.TrimSuffix(b[1:], []byte{0}))
	}
	out := make([]byte, 0, 36)
	for i, part := range [][]byte{b[:4], b[4:6], b[6:8], b[8:10], b[10:]} {
		if i > 0 {
			out = append(out, '-')
		}
		out = hex.AppendEncode(out, part)
	}
	return string(out)
}

// parseGUID reads the form 8-4-4-4-12 in either case.
func parseGUID(s string) ([]byte, bool) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return nil, false
	}
	b, err := hex.DecodeString(s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:])
	return b, err == nil
}

// minIDPrefix is the shortest text that is looked up as the start of a runId:
// a shorter one would match a good part of all runs.
const minIDPrefix = 4

// idPrefixRanges returns the closed ranges of stored ids that begin with the
// text, as a GUID and as any other id.
func idPrefixRanges(prefix string) [][2][]byte {
	p := strings.ToLower(prefix)
	if len(p) < minIDPrefix {
		return nil
	}
	text := append([]byte{'x'}, p...)
	ranges := [][2][]byte{{text, append(bytes.Clone(text), bytes.Repeat([]byte{0xff}, guidLen)...)}}
	const shape = "00000000-0000-0000-0000-000000000000"
	if len(p) <= len(shape) {
		low, ok1 := parseGUID(p + shape[len(p):])
		high, ok2 := parseGUID(p + strings.ReplaceAll(shape, "0", "f")[len(p):])
		if ok1 && ok2 {
			ranges = append(ranges, [2][]byte{low, high})
		}
	}
	return ranges
}
