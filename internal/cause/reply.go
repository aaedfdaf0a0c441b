package cause

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// openJSON opens the JSON that a service answered, whole or cut off, and what
// comes before it.
func openJSON(s string, w *walk) (said, bool) {
	at := jsonStart(s)
	if at < 0 {
		return said{}, false
	}
	inner := jsonSaid(s[at:], w)
	if inner.empty() {
		return said{}, false // JSON without words, such as a column mapping
	}
	before := strings.TrimRight(s[:at], " \r\n'\"")
	for _, label := range []string{"Response payload:", "Response:", "message -", "message:"} {
		if head, found := cutSuffixFold(before, label); found {
			before = strings.TrimRight(head, " .,\r\n")
		}
	}
	return inner.inside(explain(before, w)), true
}

// jsonStart returns where JSON begins, -1 for nowhere: at a bracket before a
// quoted name, or at a name as ADF passes on JSON that lost its brackets.
func jsonStart(s string) int {
	for i := range len(s) {
		switch s[i] {
		case '{', '[':
			rest := strings.TrimLeft(s[i+1:], " \t\r\n")
			if strings.HasPrefix(rest, `"`) || strings.HasPrefix(rest, `{"`) || strings.HasPrefix(rest, `'`) {
				return i
			}
		case '"', '\'':
			if i == 0 && (hasPrefixFold(s[1:], "statuscode") || hasPrefixFold(s[1:], "message")) {
				return 0
			}
		}
	}
	return -1
}

func jsonSaid(s string, w *walk) said {
	// Services write line ends into strings, which JSON does not allow.
	s = strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, s)
	var v any
	if json.NewDecoder(strings.NewReader(s)).Decode(&v) == nil {
		if _, isText := v.(string); !isText { // "StatusCode":"…" without brackets begins with a string
			return valueSaid(v, "", w)
		}
	}
	for _, name := range messageNames {
		if text := scanMember(s, name); text != "" {
			found := explain(text, w)
			for _, code := range []string{"code", "errorcode"} {
				if name := scanMember(s, code); isName(name) {
					return found.with(name)
				}
			}
			return found
		}
	}
	return said{}
}

// nestedNames and messageNames are the members that are looked into, in order:
// what lies deeper first.
var nestedNames = [...]string{ //nolint:gochecknoglobals // a constant table
	"error", "odata.error", "innererror", "innerexception", "errors", "fault", "exception", "response", "result", "details",
}

var messageNames = [...]string{ //nolint:gochecknoglobals // a constant table
	"message", "errormessage", "error_description", "exceptionmessage", "errordescription", "msg", "detail", "description", "title", "reason", "value",
	"error", "errors", "faultstring", "details",
}

// valueSaid returns what a JSON value says: the words of its deepest object that
// has any, and the names that services give their errors.
func valueSaid(v any, name string, w *walk) said {
	if w.enough() {
		return said{}
	}
	switch v := v.(type) {
	case string:
		if name == "" {
			return said{}
		}
		return explain(v, w)
	case []any:
		for _, one := range v {
			if found := valueSaid(one, name, w); !found.empty() {
				return found
			}
		}
	case map[string]any:
		return objectSaid(v, w)
	}
	return said{}
}

func objectSaid(object map[string]any, w *walk) said {
	members := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		members[lower(name)] = object[name]
	}
	var vague said
	try := func(v any, name string) (said, bool) {
		found := valueSaid(v, name, w)
		if found.text != "" && !isVague(found.text) {
			return found.with(codeOf(members)), true
		}
		if vague.empty() && !found.empty() {
			vague = found.with(codeOf(members)) // "An error has occurred", unless another member says more
		}
		return said{}, false
	}
	for _, name := range nestedNames {
		switch v := members[name].(type) {
		case map[string]any, []any:
			if found, ok := try(v, ""); ok {
				return found
			}
		}
	}
	for _, name := range messageNames {
		switch v := members[name].(type) {
		case string, map[string]any, []any:
			if found, ok := try(v, name); ok {
				return found
			}
		}
	}
	// Validation names each field: {"errors":{"day":["The day field is required."]}}.
	if fields, ok := members["errors"].(map[string]any); ok {
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			if found, ok := try(fields[name], name); ok {
				return found
			}
		}
	}
	return vague
}

// codeOf returns a service's own number or name of an error. Data Factory's own
// codes, which come with very different causes, are left out.
func codeOf(members map[string]any) string {
	for _, name := range []string{"code", "errorcode", "error_code", "error", "statuscode", "status"} {
		switch v := members[name].(type) {
		case float64:
			if status := httpStatus(int(v)); status != "" {
				return status
			}
		case string:
			if status := httpStatusOf(v); status != "" {
				return status
			}
			if name != "statuscode" && name != "status" && isName(v) {
				return v
			}
		}
	}
	return ""
}

// isName reports whether a code is a name: one word with letters.
func isName(s string) bool {
	if len(s) < 3 || len(s) > 60 || strings.HasPrefix(s, "DF") {
		return false
	}
	letters := 0
	for _, r := range s {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z':
			letters++
		case '0' <= r && r <= '9', strings.ContainsRune("_-.", r):
		default:
			return false
		}
	}
	return letters > 2
}

// scanMember finds a member's text in JSON that was cut off or has single
// quotes, and undoes its escapes.
func scanMember(s, name string) string {
	folded := lower(s)
	for from := 0; ; {
		at := strings.Index(folded[from:], name)
		if at < 0 {
			return ""
		}
		at += from
		from = at + len(name)
		if at == 0 || from >= len(s) || s[at-1] != s[from] || s[from] != '"' && s[from] != '\'' {
			continue
		}
		quote := s[from]
		rest := strings.TrimLeft(s[from+1:], " \r\n\t")
		if !strings.HasPrefix(rest, ":") {
			continue
		}
		rest = strings.TrimLeft(rest[1:], " \r\n\t")
		if rest == "" || rest[0] != quote {
			continue
		}
		return unquoteJSON(rest[1:], quote)
	}
}

func unquoteJSON(s string, quote byte) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
			switch s[i] {
			case 'n', 'r', 't':
				b.WriteByte(' ')
			default:
				b.WriteByte(s[i])
			}
		case s[i] == quote && (quote == '"' || strings.HasPrefix(s[i+1:], ",'") || strings.HasPrefix(s[i+1:], "}")):
			return b.String()
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// openHTML takes the title and the headings of a page that a gateway sent.
func openHTML(s string, w *walk) (said, bool) {
	at := strings.IndexByte(s, '<')
	if at < 0 {
		return said{}, false
	}
	folded := lower(s)
	at = strings.Index(folded, "<!doctype")
	if at < 0 {
		at = strings.Index(folded, "<html")
	}
	if at < 0 {
		return said{}, false
	}
	outer := explain(strings.TrimRight(s[:at], " '\"\r\n"), w)
	inner := said{}
	for _, tag := range []string{"title", "h1", "h2", "h3"} {
		text := element(s[at:], folded[at:], tag)
		number, words := cutStatus(text)
		if number != "" {
			inner = inner.with(number)
		}
		if words != "" && !strings.Contains(inner.text, words) {
			inner.text = strings.TrimLeft(strings.TrimRight(inner.text, ".")+". "+words, ". ")
		}
	}
	if inner.empty() {
		inner.text = "An HTML page came instead of an answer"
	}
	return inner.inside(outer), true
}

// cutStatus cuts "502 - Web server …" and "502 Bad Gateway".
func cutStatus(title string) (number, words string) {
	n := digits(title)
	status := httpStatusOf(n)
	if status == "" {
		return "", title
	}
	words = strings.TrimLeft(title[len(n):], " -–:")
	if strings.EqualFold("HTTP "+n+" "+words, status) {
		words = ""
	}
	return status, words
}

func element(page, folded, tag string) string {
	at := strings.Index(folded, "<"+tag+">")
	if at < 0 {
		return ""
	}
	rest := page[at+len(tag)+2:]
	if end := strings.IndexByte(rest, '<'); end >= 0 {
		rest = rest[:end]
	}
	return strings.Join(strings.Fields(rest), " ")
}
