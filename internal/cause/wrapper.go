package cause

import "strings"

// maxName is the longest name of an activity that a wrapper is searched for,
// in bytes. Data Factory allows 140 characters.
const maxName = 600

// unwrap peels off what Data Factory puts round a cause at each level, and
// returns the rest with the names of the activities it met, outermost first.
// Each step moves forward only, so that the time grows with the length alone.
//
// Rule: a wrapper says where, never why. Example: "Operation on target For each
// failed: Activity failed because an inner activity failed; Inner activity name:
// cp_orders, Error: Login failed." gives "Login failed." and [For each, cp_orders].
func unwrap(message string) (rest string, names []string) {
	rest = strings.TrimSpace(message)
	for {
		inner, name, ok := unwrapOnce(rest)
		if !ok {
			return rest, names
		}
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
		rest = strings.TrimSpace(inner)
	}
}

func unwrapOnce(s string) (inner, name string, ok bool) {
	if after, found := cutPrefixFold(s, "Activity failed because an inner activity failed"); found {
		return strings.TrimLeft(after, ";. \t\r\n"), "", true
	}
	if after, found := cutPrefixFold(s, "Inner activity name:"); found {
		name, inner, found := cutFold(after, ", Error:", maxName)
		if !found {
			return "", clip(after, maxName), true // the chain ends here, without a cause
		}
		return inner, name, true
	}
	if after, found := cutPrefixFold(s, "Operation on target "); found {
		if name, inner, ok = cutFold(after, " failed:", maxName); ok {
			return inner, name, true
		}
		// A chain may end with the wrapper alone.
		if len(after) <= maxName {
			name, ok = cutSuffixFold(strings.TrimRight(after, ". \t\r\n"), " failed")
			return "", name, ok
		}
	}
	if after, found := cutPrefixFold(s, "Execute pipeline activity "); found {
		name, inner, ok = cutFold(after, " failed with error:", maxName)
		return inner, name, ok
	}
	if after, found := cutPrefixFold(s, "Activity "); found {
		name, inner, ok = cutFold(after, " failed:", maxName)
		// Data Factory refuses colons in names: with one this is a sentence of its own.
		return inner, name, ok && !strings.ContainsAny(name, ":\n")
	}
	return "", "", false
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if !hasPrefixFold(s, prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

func cutSuffixFold(s, suffix string) (string, bool) {
	at := len(s) - len(suffix)
	if at < 0 || !strings.EqualFold(s[at:], suffix) {
		return s, false
	}
	return s[:at], true
}

// cutFold cuts s at the first separator that begins within the first limit
// bytes, without regard to the case of ASCII letters.
func cutFold(s, separator string, limit int) (before, after string, found bool) {
	at := indexFold(s[:min(len(s), limit+len(separator))], separator)
	if at < 0 {
		return s, "", false
	}
	return s[:at], s[at+len(separator):], true
}

// indexFold is strings.Index without regard to the case of ASCII letters.
func indexFold(s, part string) int {
	return strings.Index(lower(s), lower(part))
}

// lower lowers ASCII letters only, so that every byte keeps its position.
func lower(s string) string {
	at := strings.IndexFunc(s, func(r rune) bool { return 'A' <= r && r <= 'Z' })
	if at < 0 {
		return s
	}
	b := []byte(s)
	for i := at; i < len(b); i++ {
		if 'A' <= b[i] && b[i] <= 'Z' {
			b[i] += 'a' - 'A'
		}
	}
	return string(b)
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
