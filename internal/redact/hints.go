package redact

import "strings"

// hints finds in one pass whether a text holds anything that a rule could
// start from. It runs all patterns side by side, one bit for each of their
// bytes (the Shift-And algorithm of Baeza-Yates and Gonnet), without regard
// to the case of ASCII letters.
type hints struct {
	starts, ends uint64
	of           [256]uint64 // the bits at which a byte may stand
}

// hintPatterns are parts of everything that the rules look for. A group in
// brackets stands for one of its bytes. Their bytes have to fit into 64 bits.
// secu is of SecureString. u00 is how JSON writes an ASCII character that
// could be any of these; @ stands in URLs after a password.
func hintPatterns() []string {
	return []string{
		"pass", "pwd", "sec[ru]", "tok", "key", "cook", "cred", "utho", "sas", "sig", `code[=%]`, "eyj", "bear", "pfx", "jwt",
		"n[s_. -][ts][rt]", // connectionString, connection_string, connStr
		"@", "u00", "[0123456789]q~",
	}
}

func newHints() hints {
	var h hints
	bit := 0
	for _, p := range hintPatterns() {
		h.starts |= 1 << bit
		for p != "" {
			group := p[:1]
			p = p[1:]
			if group == "[" {
				group, p, _ = strings.Cut(p, "]")
			}
			for _, c := range []byte(strings.ToLower(group) + strings.ToUpper(group)) {
				h.of[c] |= 1 << bit
			}
			bit++
		}
		h.ends |= 1 << (bit - 1)
	}
	return h
}

// inBytes reports whether b holds a hint.
func (h *hints) inBytes(b []byte) bool {
	var state uint64
	for len(b) > 0 {
		part := b[:min(len(b), partLength)]
		b = b[len(part):]
		var reached uint64
		for _, c := range part {
			state = (state<<1 | h.starts) & h.of[c]
			reached |= state
		}
		if reached&h.ends != 0 {
			return true
		}
	}
	return false
}

// partLength is after how many bytes the scan looks whether it can end.
const partLength = 1 << 10

// in is inBytes for a string.
func (h *hints) in(s string) bool {
	var state uint64
	for len(s) > 0 {
		part := s[:min(len(s), partLength)]
		s = s[len(part):]
		var reached uint64
		for i := range len(part) {
			state = (state<<1 | h.starts) & h.of[part[i]]
			reached |= state
		}
		if reached&h.ends != 0 {
			return true
		}
	}
	return false
}
