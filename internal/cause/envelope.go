package cause

import "strings"

// segment is one exception of an envelope, outermost first.
type segment struct {
	exception string // "System.Data.SqlClient.SqlException"; "" for the text before the first
	message   string
	tail      string // the members after the message: SqlErrorNumber=208,Class=16,…
}

// openEnvelope opens what connectors pack their words in:
//
//	ErrorCode=SqlOperationFailed,'Type=…HybridDeliveryException,Message=A database operation
//	failed.,Source=…,''Type=…SqlException,Message=Invalid object name 'dbo.x'.,Source=…,SqlErrorNumber=208,…
//
// The last exception is the deepest, and the cause unless it says less than
// those round it.
func openEnvelope(s string, w *walk) (said, bool) {
	segments := segmentsOf(s)
	if len(segments) == 0 {
		return said{}, false
	}
	var out said
	for i := range segments {
		one := &segments[i]
		inner := explain(one.message, w)
		if extended := member(one.tail, "StorageExtendedMessage="); extended != "" {
			if more := explain(extended, w); more.text != "" {
				inner = more.inside(inner)
			}
		}
		if n := digits(member(one.tail, "SqlErrorNumber=")); n != "" {
			inner = inner.with("SQL " + n)
		}
		name := one.exception[strings.LastIndexByte(one.exception, '.')+1:]
		switch {
		case inner.empty():
			continue
		case isIncomplete(one) && !out.empty():
			continue // a message that was cut after two words says nothing
		case isInternal(name) && out.text != "" && !isVague(out.text):
			continue // "Input string was not in a correct format" of "Column 'x' contains an invalid value"
		case isInternal(name) && name == "NullReferenceException":
			inner.numbers = append(inner.numbers, name)
		}
		out = inner.inside(out)
	}
	return out, !out.empty()
}

// segmentsOf cuts an envelope into its exceptions; nil when s is none.
func segmentsOf(s string) []segment {
	at := nextType(s, 0)
	if at < 0 {
		return codeOnly(s)
	}
	var out []segment
	if head := beforeSource(stripCode(s[:at])); head != "" {
		out = append(out, segment{message: head})
	}
	for at >= 0 {
		next := nextType(s, at+len("Type="))
		end := len(s)
		if next >= 0 {
			end = next
		}
		body := s[at+len("Type=") : end]
		name, rest, found := strings.Cut(body, ",")
		one := segment{exception: strings.TrimSpace(name)}
		if found {
			rest = strings.TrimLeft(rest, " \r\n")
			if after, isMessage := cutPrefixFold(rest, "Message="); isMessage {
				one.message, one.tail = cutSource(after)
			}
			out = append(out, one)
		}
		at = next
	}
	return out
}

// nextType returns where the next "Type=" of an exception begins, -1 for none.
func nextType(s string, from int) int {
	for from < len(s) {
		at := strings.Index(s[from:], "Type=")
		if at < 0 {
			return -1
		}
		at += from
		isMember := at == 0 || strings.ContainsRune("', \n", rune(s[at-1]))
		rest := s[at:]
		isException := strings.Contains(rest[:min(len(rest), 300)], "Message=") || strings.HasPrefix(rest, "Type=Microsoft.") || strings.HasPrefix(rest, "Type=System.")
		if isMember && isException {
			return at
		}
		from = at + len("Type=")
	}
	return -1
}

// codeOnly reads "ErrorCode=Name,words" and "ErrorCode=Name, ErrorMessage=words".
func codeOnly(s string) []segment {
	if !hasPrefixFold(s, "ErrorCode=") {
		return nil
	}
	words := stripCode(s)
	if after, found := cutPrefixFold(words, "ErrorMessage="); found {
		words = after
	} else if after, found := cutPrefixFold(words, "Message="); found {
		words = after
	}
	message, tail := cutSource(words)
	return []segment{{message: message, tail: tail}}
}

// stripCode takes off "ErrorCode=Name," wherever the envelope begins.
func stripCode(s string) string {
	before, after, found := strings.Cut(s, "ErrorCode=")
	if !found {
		return s
	}
	_, after, _ = strings.Cut(after, ",")
	return strings.TrimSpace(strings.TrimSpace(before) + " " + strings.Trim(after, " '\r\n"))
}

func beforeSource(s string) string {
	s, _ = cutSource(s)
	return strings.Trim(s, "', \r\n")
}

// cutSource cuts a message from the members after it.
func cutSource(s string) (message, tail string) {
	for _, mark := range []string{",Source=", ", Source="} {
		if before, after, found := strings.Cut(s, mark); found {
			return strings.TrimSpace(before), after
		}
	}
	return closeQuote(s), ""
}

// closeQuote takes off commas and the quote that closes an envelope, and leaves
// the quote that closes a name.
func closeQuote(s string) string {
	s = strings.TrimRight(s, ", \r\n")
	for strings.HasSuffix(s, "'") && strings.Count(s, "'")%2 == 1 {
		s = strings.TrimRight(s[:len(s)-1], ", \r\n")
	}
	return s
}

// member returns the value of a member of a tail, up to the next one.
func member(tail, name string) string {
	_, after, found := strings.Cut(tail, name)
	if !found {
		return ""
	}
	for _, end := range []string{",,", ",'", ",Class=", ",State=", "RequestId:"} {
		after, _, _ = strings.Cut(after, end)
	}
	return strings.TrimSpace(after)
}

// isIncomplete reports whether a message was cut off after a few words, as
// those are that a log of fixed length kept.
func isIncomplete(s *segment) bool {
	return s.tail == "" && !strings.HasSuffix(s.message, ".") && len(strings.Fields(s.message)) < 4
}

// isInternal reports whether an exception is one of the program's own, which
// the text round it explains.
func isInternal(name string) bool {
	switch name {
	case "FormatException", "InvalidCastException", "NullReferenceException", "ArgumentNullException", "IndexOutOfRangeException", "SerializationException", "AggregateException":
		return true
	default:
		return false
	}
}

// digits returns the digits that s begins with.
func digits(s string) string {
	end := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		return s
	}
	return s[:end]
}
