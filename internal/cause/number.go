package cause

import (
	"net/http"
	"strconv"
	"strings"
)

// httpStatus returns "HTTP 404 Not Found" for a status that is an error, and ""
// for any other number.
func httpStatus(n int) string {
	text := http.StatusText(n)
	if n < 400 || text == "" {
		return ""
	}
	return "HTTP " + strconv.Itoa(n) + " " + text
}

// httpStatusOf reads a status by number ("404") or by .NET's name ("NotFound").
func httpStatusOf(word string) string {
	if n, err := strconv.Atoi(word); err == nil {
		return httpStatus(n)
	}
	if word == "" || word[0] < 'A' || word[0] > 'Z' {
		return ""
	}
	for n := 400; n < 512; n++ {
		if text := http.StatusText(n); text != "" && strings.EqualFold(strings.ReplaceAll(text, " ", ""), word) {
			return httpStatus(n)
		}
	}
	return ""
}

// openNumber reads the number that systems put before their words:
//
//	SQL error number: 1205. Error Message: Transaction … was deadlocked …
//	111202;Query QID10203040 has been cancelled.
//	Msg 1205, Level 13, State 51: Transaction …
//	ERROR [42P01] ERROR: relation "x" does not exist
//	… AADSTS70002: Error validating credentials. AADSTS50012: Invalid client secret is provided.
func openNumber(s string, w *walk) (said, bool) {
	if before, after, found := cutFold(s, "sql error number:", 120); found && len(before) < 120 {
		after = strings.TrimSpace(after)
		if n := digits(after); n != "" {
			words := strings.TrimLeft(after[len(n):], ". \r\n")
			if rest, found := cutPrefixFold(words, "Error Message:"); found {
				words = rest
			}
			return explain(words, w).with("SQL " + n), true
		}
	}
	if before, after, found := strings.Cut(s, "SqlErrorNumber="); found {
		if n := digits(after); n != "" {
			return explain(before, w).with("SQL " + n), true
		}
	}
	if after, found := cutPrefixFold(s, "Msg "); found {
		if n, words := digits(after), afterFirst(after, ": "); n != "" && words != "" {
			return explain(words, w).with("SQL " + n), true
		}
	}
	if n := digits(s); len(n) >= 4 && strings.HasPrefix(s[len(n):], ";") {
		return explain(s[len(n)+1:], w).with("SQL " + n), true
	}
	if after, found := cutPrefixFold(s, "ERROR ["); found {
		if state, words, found := strings.Cut(after, "]"); found && len(state) == 5 {
			return explain(words, w).with("SQLSTATE " + state), true
		}
	}
	if name, words, found := strings.Cut(s, ": "); found && isConstant(name) && isSentence(words) {
		return explain(words, w).with(name), true
	}
	if strings.Contains(s, "AADSTS") {
		at := strings.LastIndex(s, "AADSTS")
		if n := digits(s[at+len("AADSTS"):]); n != "" {
			return said{text: sentencesOf(s[at:])}, true
		}
	}
	return said{}, false
}

// isConstant reports whether s is a name such as AVAILABLE_COMPUTE_CAPACITY_EXCEEDED.
func isConstant(s string) bool {
	return strings.Contains(s, "_") && len(s) <= 60 && strings.IndexFunc(s, func(r rune) bool {
		return r != '_' && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	}) < 0
}

func afterFirst(s, mark string) string {
	_, after, _ := strings.Cut(s, mark)
	return after
}

// shells are the sentences that carry an HTTP status and say nothing else.
var shells = [...]string{ //nolint:gochecknoglobals // a constant table
	"The HttpStatusCode ", "Rest call failed with ", "Invoking Web Activity failed with HttpStatusCode", "Invoking Azure function failed with HttpStatusCode",
	"Operation returned an invalid status code", "The remote server returned an error: (", "Call to provided Azure function ", "The response status code ", "Response status code does not indicate success",
}

// openReply reads the sentences by which Data Factory says that a service
// answered with a status:
//
//	Rest call failed with client error, status code 401 Unauthorized, please check your activity settings.
//	Request URL: https://api.example.org/x. Response: {"message":"Access Denied"}
//	Call to provided Azure function 'Resize' failed with status-'BadGateway' and message - 'words'.
func openReply(s string, w *walk) (said, bool) {
	isShell := false
	before, _, isFailure := strings.Cut(s, " failed with status code ")
	for _, shell := range shells {
		isShell = isShell || hasPrefixFold(s, shell)
	}
	if !isShell && !isFailure {
		return said{}, false
	}
	status, rest := cutStatusCode(s)
	if status == "" {
		return said{}, false
	}
	out := said{numbers: []string{status}}
	if after, found := cutPrefixFold(s, "Call to provided Azure function '"); found {
		if name, _, found := strings.Cut(after, "'"); found && name != "" {
			out.where = "Azure function '" + name + "'"
		}
	}
	if !isShell {
		out.text = before
	}
	address, rest := cutAddress(rest)
	if words := replyWords(rest); words != "" {
		out = explain(words, w).inside(out)
	}
	if address != "" && out.about == "" && !strings.Contains(out.text, address) {
		out.about = address
	}
	return out, true
}

// cutStatusCode finds the status in a shell sentence, and returns what follows.
func cutStatusCode(s string) (status, rest string) {
	folded := lower(s)
	for _, anchor := range []string{"httpstatuscode", "status code", "status-", "returned an error: ("} {
		at := strings.Index(folded, anchor)
		if at < 0 {
			continue
		}
		after := strings.TrimLeft(s[at+len(anchor):], " -:='\"(")
		end := strings.IndexFunc(after, func(r rune) bool {
			return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
		})
		word := after
		if end >= 0 {
			word = after[:end]
		}
		if status = httpStatusOf(word); status == "" {
			continue
		}
		rest = after[len(word):]
		if anchor == "returned an error: (" {
			words := strings.Trim(strings.TrimPrefix(rest, ")"), " .'")
			if !strings.EqualFold("HTTP "+word+" "+words, status) {
				return "", "" // FTP: "(550) File unavailable"
			}
			return status, ""
		}
		return status, rest
	}
	return "", ""
}

// replyWords returns what the service said, without the shell's own words:
// " indicates failure. words", ", please check your activity settings. Response: words", "' and message - 'words'.".
func replyWords(rest string) string {
	for _, label := range []string{"Response payload:", "Response:", "message -", "message:", "and message "} {
		if at := indexFold(rest, label); at >= 0 {
			return unquote(rest[at+len(label):])
		}
	}
	if at := indexFold(rest, "indicates failure"); at >= 0 {
		return strings.TrimLeft(rest[at+len("indicates failure"):], " .,:;\r\n")
	}
	_, words, _ := strings.Cut(rest, ". ")
	return words
}

// cutAddress takes the address out of a reply, without its query.
func cutAddress(s string) (address, rest string) {
	before, after, found := strings.Cut(s, "Request URL:")
	if !found {
		return "", s
	}
	after = strings.TrimLeft(after, " ")
	end := strings.IndexAny(after, " \r\n")
	if end < 0 {
		end = len(after)
	}
	address = after[:end]
	if at := strings.IndexAny(address, "?<"); at >= 0 {
		address = address[:at]
	}
	return strings.TrimRight(address, ".,"), before + after[end:]
}
