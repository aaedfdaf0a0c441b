package redact

import (
	"encoding/base64"
	"math/bits"
	"slices"
	"strings"
)

// hints finds in one pass whether a text holds anything that a rule could
// start from, without regard to the case of ASCII letters. Each pattern is in
// one of 64 buckets; three tables say in which buckets a byte may be the first,
// the second and the third of a pattern (as Teddy of Hyperscan does). Where all
// three agree, the patterns of the bucket are compared. Beside them hints looks
// for runs of bytes that may be a key or base64.
type hints struct {
	first, second, third [256]uint64
	buckets              [64][]hint
	isRun                [256]bool // may be part of base64
}

// hint is a pattern: for each place, the bytes that may be there.
type hint []string

// hintPatterns are parts of everything that the rules look for. A group in
// brackets is one of its bytes. secu is of SecureString. u00 is how JSON writes an ASCII character that
// could be any of these; @ comes after a password in URLs.
func hintPatterns() []string {
	return []string{
		"pass", "pwd", "sec[ru]", "tok", "key", "cook", "cred", "utho", "sas", "sig", `code[=%]`, "eyj", "bear", "pfx", "jwt",
		"n[s_. -][ts][rt]", // connectionString, connection_string, connStr
		"@", "u00", "[0123456789]q~",
		`pw[\"'=: %1234567890_<>&]`, "wort", "woord", "senord", "senha", "contrase", "webhook", "/services/", "/workflows/", "/triggers/", "api/web", "/hooks/", "/trigger/", "authcode", "authorizationcode", "telegram", "hook.",
		"pagerduty", "hc-ping", "hheader", "basic", "edcert", "certificate", "econtent", "auth[=%]", "fied by ", "fied with ", "sp_addlogin", "openr", "openda", "sqlcmd", "bcp ", "osql ", "mysql", "mariadb", "az ", "curl", "wget", "login ",
		"redis-cli", "mongo", "ldaps", "smbcl", "digest", "quot;", "&#34;", "&#x22;", "%22", "%2522", "thin:", "sqlplus", "sqlldr",
		"dapi", "dkea", "gh[pousr]_", "github_", "glpat-", "xox[bpars]-", "xapp-", "akia", "asia", "s[kg][_.]", "rk_live", "whsec", "hf_", "pypi-", "hv[sb].", "npm_", "aiza", "ya29", "gocspx",
		"shpat_", "sk-", "dop_v1", "lin_api", "dt0c01", "pat_", "pmak-",
	}
}

func newHints() hints {
	var h hints
	patterns := hintPatterns()
	slices.Sort(patterns) // those that begin alike share a bucket, which then lets fewer others through
	for i, pattern := range patterns {
		var places hint
		for pattern != "" {
			group := pattern[:1]
			pattern = pattern[1:]
			if group == "[" {
				group, pattern, _ = strings.Cut(pattern, "]")
			}
			places = append(places, strings.ToLower(group)+strings.ToUpper(group))
		}
		bucket := i * len(h.buckets) / len(patterns)
		h.buckets[bucket] = append(h.buckets[bucket], places)
		for place, table := range []*[256]uint64{&h.first, &h.second, &h.third} {
			for c := range table {
				if place >= len(places) || strings.IndexByte(places[place], byte(c)) >= 0 {
					table[c] |= 1 << bucket
				}
			}
		}
	}
	for c := range h.isRun {
		h.isRun[c] = isAlnum(byte(c)) || c == '+' || c == '/'
	}
	return h
}

// inBytes reports whether b holds a hint.
func (h *hints) inBytes(b []byte) bool { return holdsHint(h, b) }

// in is inBytes for a string.
func (h *hints) in(s string) bool { return holdsHint(h, s) }

func holdsHint[T string | []byte](h *hints, s T) bool {
	if holdsRun(h, s) {
		return true
	}
	var first, second uint64
	for i := range len(s) {
		c := s[i]
		if second&h.third[c] != 0 && holdsAt(h, s, i-2, second&h.third[c]) {
			return true
		}
		second = first & h.second[c]
		first = h.first[c]
	}
	// A pattern shorter than three bytes may end the text.
	return second != 0 && holdsAt(h, s, len(s)-2, second) || first != 0 && holdsAt(h, s, len(s)-1, first)
}

// holdsAt reports whether a pattern of the buckets begins at i.
func holdsAt[T string | []byte](h *hints, s T, i int, buckets uint64) bool {
	for ; buckets != 0; buckets &= buckets - 1 {
	patterns:
		for _, places := range h.buckets[bits.TrailingZeros64(buckets)] {
			if len(places) > len(s)-i {
				continue
			}
			for place, allowed := range places {
				if strings.IndexByte(allowed, s[i+place]) < 0 {
					continue patterns
				}
			}
			return true
		}
	}
	return false
}

// holdsRun reports whether s holds leastBase64 bytes of base64 in a row that
// may hide a text. Such a run covers a byte at a multiple of leastBase64, so the
// others are looked at only around those.
func holdsRun[T string | []byte](h *hints, s T) bool {
	for i := leastBase64 - 1; i < len(s); i += leastBase64 {
		if !h.isRun[s[i]] {
			continue
		}
		from, to := i, i+1
		for from > 0 && i-from < leastBase64 && h.isRun[s[from-1]] {
			from--
		}
		for to < len(s) && h.isRun[s[to]] {
			to++
		}
		if to-from >= leastBase64 && mayHideText(s[from:to]) {
			return true
		}
		i += (to - 1 - i) / leastBase64 * leastBase64
	}
	return false
}

// mayHideText reports whether a run may be base64 of a text, or a key: what it
// begins with is a text, or a part of it without a slash has digits, small and
// large letters, which words and the ids of resources do not have.
func mayHideText[T string | []byte](run T) bool {
	const leastPart = 8
	for i, start := 0, 0; i <= len(run); i++ {
		if i == len(run) || run[i] == '/' {
			if i-start >= leastPart && isMixed(run[start:i]) {
				return true
			}
			start = i + 1
		}
	}
	var encoded [16]byte
	var decoded [12]byte
	copy(encoded[:], run)
	if n, err := base64.RawStdEncoding.Decode(decoded[:], encoded[:]); err != nil || n < len(decoded) {
		return false
	}
	beyondASCII := 0
	for _, c := range decoded {
		switch {
		case c >= 0x7F:
			beyondASCII++
		case c < ' ' && c != '\n' && c != '\r' && c != '\t' && c != 0:
			return false
		}
	}
	return beyondASCII <= 4
}
