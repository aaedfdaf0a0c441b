package cause

import (
	"html"
	"slices"
	"strings"
)

// maxTexts is how many texts of one message are looked into. An envelope in JSON
// in an envelope, the deepest seen, has nine.
const maxTexts = 60

// walk counts the texts that may still be looked into, so that a hostile message
// costs no more than a long one.
type walk struct{ left int }

func (w *walk) enough() bool {
	w.left--
	return w.left < 0
}

// said is what one text says.
type said struct {
	// numbers are the system's own numbers and names, such as "SQL 1205",
	// "HTTP 404 Not Found" or "PathNotFound", outermost first.
	numbers []string
	// where names the step that text is about: "Sink 'orders'".
	where string
	// text is the sentence, or several; empty when only numbers are known.
	text string
	// about adds what text does not name itself: an address, a path.
	about string
}

func (s said) empty() bool { return s.text == "" && len(s.numbers) == 0 }

// whole puts the parts together, the most telling first.
func (s said) whole() string {
	text := strings.Trim(s.text, " .,;:")
	about := strings.Trim(s.about, " .,;:")
	if text == "" && len(s.numbers) > 0 {
		text, about = about, "" // "HTTP 401 Unauthorized: https://api.example.org/x"
	}
	for _, n := range slices.Backward(s.numbers) {
		switch {
		case text == "" || strings.HasSuffix(lower(n), lower(" "+text)):
			text = n // "HTTP 404 Not Found", whose words are "Not Found"
		case !strings.HasPrefix(text, n): // "AADSTS50012: Invalid client secret" names itself
			text = n + ": " + text
		}
	}
	if s.where != "" {
		text = strings.TrimSuffix(s.where+": "+text, ": ")
	}
	switch {
	case about == "" || strings.Contains(text, about):
	case text == "":
		text = about
	case strings.ContainsRune(".!?", rune(text[len(text)-1])):
		text += " " + about
	default:
		text += ". " + about
	}
	return text
}

// with adds a number in front of those there are, unless it says nothing new.
func (s said) with(number string) said {
	if number == "" {
		return s
	}
	for _, n := range s.numbers {
		if n == number || strings.HasPrefix(n, number+" ") {
			return s
		}
	}
	at := 0
	if len(s.numbers) > 0 && strings.HasPrefix(s.numbers[0], "HTTP ") {
		at = 1 // a service names its error inside the status
	}
	s.numbers = slices.Insert(slices.Clone(s.numbers), at, number)
	return s
}

// inside completes what an inner text says by what the text round it does.
//
// Rule: the inner text is the cause; the outer one is added where the inner one
// names no object. Example: "(403) Forbidden" inside "Upload file failed at path
// erpoutput" gives "HTTP 403 Forbidden: Upload file failed at path erpoutput".
func (s said) inside(outer said) said {
	for _, n := range slices.Backward(outer.numbers) {
		s = s.with(n)
	}
	if s.where == "" {
		s.where = outer.where
	}
	switch {
	case outer.text == "" || isVague(outer.text):
	case s.text == "" || isVague(s.text) || strings.HasPrefix(outer.text, strings.TrimRight(s.text, ".… ")):
		s.text = outer.text // the outer text is the more telling, or says it longer
	case s.about == "" && !namesObject(s.text) && !strings.Contains(outer.text, s.text):
		s.about = outer.text
	}
	if s.about == "" {
		s.about = outer.about
	}
	return s
}

// explain returns what a text says, looking inside whatever it carries.
func explain(s string, w *walk) said {
	s, _ = unwrap(s)
	s = cutStack(peelLeads(s))
	if s == "" {
		return said{}
	}
	if w.enough() {
		return said{text: sentencesOf(s)}
	}
	if after, name, found := cutStep(s); found {
		inner := explain(after, w)
		if inner.where == "" {
			inner.where = name
		}
		return inner
	}
	for _, open := range []func(string, *walk) (said, bool){openEnvelope, openHTML, openJSON, openFields, openNumber, openReply, openMarker, openException} {
		if found, ok := open(s, w); ok && !found.empty() {
			return found
		}
	}
	return said{text: sentencesOf(s)}
}

// peelLeads takes off lead-ins that say where in a copy something failed, and
// drivers' tags in brackets: "[Microsoft][MariaDB] You have an error …".
func peelLeads(s string) string {
	for {
		before := s
		s = strings.TrimLeft(s, " \t\r\n.,;:>-…")
		for _, lead := range []string{"Failed execution ", "Job failed due to reason:", "Job aborted due to stage failure:", "Caused by:", "Error:", "Error :", "NA - Unknown ", "ADAL Error:"} {
			if after, found := cutPrefixFold(s, lead); found && strings.TrimSpace(after) != "" {
				s = strings.TrimSpace(after)
			}
		}
		s = peelSide(s)
		if strings.HasPrefix(s, "[") {
			tag, after, found := strings.Cut(s, "]")
			// A tag is short and has no value: "[value]=3" and JSON are no tags.
			if found && len(tag) <= 160 && !strings.ContainsAny(tag[1:], "[\"{'") && strings.Trim(after, " .->\r\n\t") != "" {
				s = after
			}
		}
		if s == before {
			return s
		}
	}
}

// peelSide takes off "Failure happened on 'Sink' side." and the older "Copy
// activity encountered a user error at Sink side:".
func peelSide(s string) string {
	if after, found := cutPrefixFold(s, "Failure happened on "); found {
		if _, rest, found := cutFold(after, " side.", 60); found {
			return strings.TrimSpace(rest)
		}
	}
	if after, found := cutPrefixFold(s, "Copy activity encountered a user error"); found {
		if _, rest, found := strings.Cut(after, ": "); found && len(after)-len(rest) <= 120 {
			return strings.TrimSpace(rest)
		}
	}
	return s
}

// cutStep cuts the step of a data flow: "at Sink 'orders'(Line 17/Col 12): text".
func cutStep(s string) (after, name string, found bool) {
	s, found = cutPrefixFold(s, "at ")
	if !found {
		return "", "", false
	}
	head, after, found := cutFold(s, "':", 300)
	if found {
		head += "'"
	} else if head, after, found = cutFold(s, "):", 300); !found {
		return "", "", false
	}
	if at := strings.LastIndex(head, "(Line "); at >= 0 {
		head = head[:at]
	}
	if !strings.HasSuffix(head, "'") || strings.Count(head, "'") != 2 || strings.TrimSpace(after) == "" {
		return "", "", false
	}
	// The same text comes again as details.
	if at := indexFold(after, "Details:"); at > 0 {
		after = after[:at]
	}
	return after, strings.TrimSpace(head), true
}

// cutStack leaves out the lines of a Java stack, which follow the words.
func cutStack(s string) string {
	for from := 0; ; {
		at := strings.IndexByte(s[from:], '\n')
		if at < 0 {
			return s
		}
		from += at + 1
		line := s[from:]
		if strings.HasPrefix(strings.TrimLeft(line[:min(len(line), 12)], " \t"), "at ") && line[0] <= ' ' ||
			strings.HasPrefix(line, "total entry:") || strings.HasPrefix(line, "Caused by: java") {
			return s[:from-1]
		}
	}
}

// decodeEntities decodes "&#44;" and its like. What has no semicolon is no
// entity: addresses hold "&copy=1".
func decodeEntities(s string) string {
	if !strings.Contains(s, "&") {
		return s
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(s, "&")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		end := strings.IndexByte(rest[:min(len(rest), 10)], ';')
		if end < 0 {
			b.WriteByte('&')
			s = rest
			continue
		}
		b.WriteString(html.UnescapeString("&" + rest[:end+1]))
		s = rest[end+1:]
	}
}
