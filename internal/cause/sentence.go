package cause

import (
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"
)

// noise begins sentences that only a support case needs.
var noise = [...]string{ //nolint:gochecknoglobals // a constant table
	"activity id", "trace id", "tracing id", "correlation id", "timestamp", "requestid", "request id", "time:", "statement id", "total size of data", "taskstatus",
	"session state", "error code:", "inner error code", "source: user", "livy endpoint=", "livy session has failed", "response status code: ", "response payload", "response details: '{}'", "response:",
	"more details", "details:null", "clientconnectionid", "invocationid", "operation: '", "additional info: in", "additional info: string was", "additional info: the input", "additional info: unrecognized",
	"the results, if any", "the statement has been terminated", "hit unexpected exception and execution failed", "for more details",
}

// advice begins sentences that say what to do, which the reader decides.
var advice = [...]string{ //nolint:gochecknoglobals // a constant table
	"please", "try ", "contact ", "check ", "make sure", "ensure ", "consider ", "for more", "you are suggested", "you may", "you can", "see ", "visit ", "refer", "if ",
	"at the same time", "verify ", "retry", "rerun ", "to learn more", "could you", "learn more",
}

// vague are sentences that many causes share. They stay only where nothing
// better is found.
var vague = [...]string{ //nolint:gochecknoglobals // a constant table
	"an error occurred while sending the request", "an error occurred while processing your request", "an error has occurred", "one or more validation errors occurred", "one or more errors occurred", "an unexpected error", "a database operation failed. please search",
	"a database operation failed", "error happened when loading data into sql data warehouse", "operation returned an invalid status code", "package execution failed",
	"the underlying connection was closed: an unexpected error occurred on a send", "an error occurred when invoking java", "an exception occurred", "the request failed", "the service has encountered an error processing your request", "a severe error occurred on the current command", "error code",
	"error calling the endpoint", "error calling the end point", "run result unavailable", "adls gen2 operation failed", "sql dw copy command operation failed", "the value of the property '' is invalid",
	"invoking azure function failed", "hit unexpected exception", "unexpected error encountered", "object reference not set", "exception thrown in awaitresult", "an error occurred while calling", "py4jjavaerror: an error occurred while calling",
	"databricks execution failed with error state", "notebook execution failed at", "execution fail against sql server", "execution failed against sql server", "livy session has failed", "internal server error in synapse",
	"failed to process hierarchical",
}

// isVague reports whether a text says only that something failed.
func isVague(text string) bool {
	for one := range sentences(text) {
		one = strings.TrimLeft(one, " '\"")
		if !hasAnyPrefix(one, vague[:]) && !hasAnyPrefix(one, noise[:]) {
			return false
		}
	}
	return true
}

// isSentence reports whether a text is long enough to say something: two words,
// or one that is a name, a path or a number.
func isSentence(s string) bool {
	s = strings.Trim(s, " \t\r\n.,;:'\"")
	words := strings.Fields(s)
	return len(words) > 1 || len(words) == 1 && strings.ContainsAny(s, "./\\0123456789_")
}

// namesObject reports whether a text names what it is about: something quoted, a
// path, a host or a number.
func namesObject(s string) bool {
	if strings.ContainsAny(s, "'\"\\[`‘0123456789") || strings.Count(s, "/") > 1 {
		return true
	}
	for i := range len(s) - 1 {
		if s[i] == '.' && 'a' <= s[i+1] && s[i+1] <= 'z' {
			return true
		}
	}
	return false
}

// enough is how much of a text is looked at for its sentences, in bytes, once one
// was found.
const enough = 4 * MaxText

// sentencesOf returns the sentences of a text that say why, in one line: without
// support's ids, without advice, and without vague ones where others stay. The
// first sentence is never advice. When none stays the first is given.
func sentencesOf(s string) string {
	var kept []string
	var first string
	size := 0
	for one := range sentences(s) {
		if size > enough && len(kept) > 0 {
			break // a log of any length adds nothing to the text
		}
		size += len(one)
		one = strings.TrimSpace(dropClause(one))
		if one == "" {
			continue
		}
		isFirst := first == ""
		if isFirst {
			first = one
		}
		if hasAnyPrefix(one, noise[:]) || !isFirst && hasAnyPrefix(one, advice[:]) || isLabel(one) {
			continue
		}
		if len(kept) > 0 && strings.HasPrefix(one, strings.TrimRight(kept[len(kept)-1], ".!")) {
			kept = kept[:len(kept)-1] // said again, longer
		}
		kept = append(kept, one)
	}
	strong := make([]string, 0, len(kept))
	for _, one := range kept {
		if !isVague(one) {
			strong = append(strong, one)
		}
	}
	switch {
	case len(strong) > 0:
		kept = strong
	case len(kept) > 0: // all are vague: what they share is all there is
	case first != "":
		kept = []string{first}
	}
	return strings.Join(kept, " ")
}

func hasAnyPrefix(s string, prefixes []string) bool {
	for _, p := range prefixes {
		if hasPrefixFold(s, p) {
			return true
		}
	}
	return false
}

// isLabel reports whether a sentence is a label without a value: "Response
// status code:".
func isLabel(s string) bool {
	return strings.HasSuffix(s, ":") && len(strings.Fields(s)) <= 4
}

// dropClause leaves out ", please retry …" at the end of a sentence, unless it
// names something, and numbers of SQL that follow the words.
func dropClause(s string) string {
	if at := strings.Index(s, ", please "); at > 0 && !strings.ContainsAny(s[at:], "'\"") {
		s = s[:at]
	}
	if at := strings.Index(s, ", Self-hosted Integration Runtime id is"); at > 0 {
		s = s[:at]
	}
	if at := strings.Index(s, ". Details:null"); at > 0 {
		s = s[:at]
	}
	return s
}

// sentences cuts a text at line ends, and at full stops before a blank and a
// capital: host names, "v1.2" and "e.g. x" go on.
func sentences(s string) iter.Seq[string] {
	return func(yield func(string) bool) {
		begin := 0
		for i := range len(s) {
			if !endsAt(s, i) {
				continue
			}
			one := strings.Join(strings.Fields(s[begin:i+1]), " ")
			begin = i + 1
			if one != "" && !yield(endSentence(one)) {
				return
			}
		}
		if one := strings.Join(strings.Fields(s[begin:]), " "); one != "" {
			yield(endSentence(one))
		}
	}
}

// endsAt reports whether a sentence ends with the byte at i.
func endsAt(s string, i int) bool {
	switch s[i] {
	case '\n':
		// A line that goes on in lower case is one that was folded.
		r := firstRune(s[i+1:], " \t\r\n")
		return !unicode.IsLower(r) && r != '='
	case '.', '!', '?':
		rest := s[i+1:]
		if !strings.HasPrefix(rest, " ") && !strings.HasPrefix(rest, "' ") && !strings.HasPrefix(rest, "\" ") {
			return false
		}
		r := firstRune(rest, " '\"")
		return unicode.IsUpper(r) || r == '['
	default:
		return false
	}
}

// firstRune returns the first rune of s that is not one of skip, looking no
// further than a few bytes.
func firstRune(s, skip string) rune {
	r, _ := utf8.DecodeRuneInString(strings.TrimLeft(s[:min(len(s), 40)], skip))
	return r
}

// endSentence closes a line that ends without a mark, so that the next can
// follow it.
func endSentence(s string) string {
	s = strings.TrimRight(s, ", ")
	if strings.HasSuffix(s, ".") {
		s = strings.TrimRight(s, ". ") + "."
	}
	if s == "" || strings.ContainsRune(".!?:;,", rune(s[len(s)-1])) {
		return s
	}
	return s + "."
}

// unquote takes off quotes round a text, and what is left of them after it.
func unquote(s string) string {
	s = strings.TrimSpace(s)
	if strings.HasPrefix(s, "[") {
		if trimmed := strings.TrimRight(s, " .'\""); strings.HasSuffix(trimmed, "]") && strings.Count(trimmed, "[") == strings.Count(trimmed, "]") {
			return trimmed[1 : len(trimmed)-1]
		}
	}
	quote := byte(0)
	for s != "" && (s[0] == '\'' || s[0] == '"') {
		quote = s[0]
		s = s[1:]
	}
	if quote == 0 {
		return s
	}
	// The closing quote is the last before a full stop or the end.
	trimmed := strings.TrimRight(s, " .\r\n")
	for strings.HasSuffix(trimmed, string(quote)) && strings.Count(trimmed, string(quote))%2 == 1 {
		trimmed = strings.TrimRight(trimmed[:len(trimmed)-1], " ")
	}
	for _, end := range []string{". ", "\n", ".\n", ".\r\n"} {
		if at := strings.Index(trimmed, string(quote)+end); at >= 0 && strings.Count(trimmed, string(quote))%2 == 1 {
			trimmed = trimmed[:at] + trimmed[at+1:]
		}
	}
	return trimmed
}

// shortLead is the longest sentence that is given up for what follows it: "Default
// ADLA store retrieval failed". A longer one says something itself.
const shortLead = 60

// shorten brings a text to MaxText runes at most.
//
// Rule: what names an object stays. Example: "Retrieval failed. The client 'a'
// may not read 'b' …" loses its first sentence before it loses its end.
func shorten(s string) string {
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, ""), func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	for utf8.RuneCountInString(s) > MaxText {
		first, rest, found := strings.Cut(s, ". ")
		if !found || len(first) > shortLead || namesObject(first) || !namesObject(rest) {
			break
		}
		s = rest
	}
	if utf8.RuneCountInString(s) <= MaxText {
		return s
	}
	runes := []rune(s)[:MaxText-1]
	end := len(runes)
	for end > MaxText-40 && !unicode.IsSpace(runes[end-1]) {
		end--
	}
	if end == MaxText-40 {
		end = len(runes) // one long word: cut inside it
	}
	return strings.TrimRight(string(runes[:end]), " ,.;:") + "…"
}
