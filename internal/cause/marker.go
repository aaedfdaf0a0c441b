package cause

import (
	"cmp"
	"slices"
	"strings"
)

// markers come before a text inside a text, which may be quoted.
var markers = [...]string{ //nolint:gochecknoglobals // a constant table
	"message is:", "message:", "message :", "message =", "message - ", "with error message ", "with error ", "with error:", "following error:",
	"since error:", "internal error:", "validation failed:", "batch operation:", "record reader buffer:", "caused by:",
}

// openMarker opens the deepest text that a marker comes before: "The error
// message is: words", "operation failed with error 'words'".
func openMarker(s string, w *walk) (said, bool) {
	// From the last marker to the first, until one has words after it.
	for _, m := range lastMarkers(lower(s)) {
		at := m.begin
		words := unquote(s[m.end:])
		if !isSentence(words) {
			continue
		}
		inner := explain(words, w)
		if inner.text == "" || isVague(inner.text) {
			continue
		}
		outer := explain(sentencesBefore(s[:at]), w)
		if n := errorNumber(s[:at]); n != "" {
			outer.numbers = []string{n}
		}
		if address := endpointOf(s[:at]); address != "" {
			outer = said{about: address}
		}
		return inner.inside(outer), true
	}
	return said{}, false
}

type span struct{ begin, end int }

// lastMarkers returns where the last markers are, the last first.
func lastMarkers(folded string) []span {
	const most = 6
	var out []span
	for _, m := range markers {
		for from := 0; ; {
			at := strings.Index(folded[from:], m)
			if at < 0 {
				break
			}
			from += at + len(m)
			out = append(out, span{from - len(m), from})
		}
	}
	slices.SortFunc(out, func(a, b span) int { return cmp.Or(b.end-a.end, a.begin-b.begin) })
	return out[:min(len(out), most)]
}

// sentencesBefore returns the whole sentences before a marker, without the one
// that the marker belongs to: "Failed to get the secret. The error".
func sentencesBefore(s string) string {
	at := max(strings.LastIndex(s, ". "), strings.LastIndexByte(s, '\n'))
	if at < 0 {
		return ""
	}
	return s[:at+1]
}

// errorNumber reads "Error Number: '404'," before a marker.
func errorNumber(s string) string {
	at := strings.LastIndex(lower(s), "error number:")
	if at < 0 {
		return ""
	}
	if n := digits(strings.TrimLeft(s[at+len("error number:"):], " '")); n != "" {
		return "Error " + n
	}
	return ""
}

// endpointOf reads the address of "error calling the end point https://…".
func endpointOf(s string) string {
	if indexFold(s, "end point") < 0 && indexFold(s, "endpoint") < 0 {
		return ""
	}
	at := strings.Index(s, "https://")
	if at < 0 {
		return ""
	}
	address := s[at:]
	if end := strings.IndexAny(address, " '\"?\r\n"); end >= 0 {
		address = address[:end]
	}
	return strings.TrimRight(address, ".,")
}

// openFields reads the labelled form of Azure Storage:
//
//	ADLS Gen2 operation failed for: words. Account: 'harbor'. FileSystem: 'raw'. Path: 'a/b'.
//	ErrorCode: 'PathNotFound'. Message: 'The specified path does not exist.'. RequestId: '…'.
func openFields(s string, w *walk) (said, bool) {
	at := strings.Index(s, "Account: '")
	if at < 0 || !strings.Contains(s, "FileSystem: '") {
		return said{}, false
	}
	head := strings.TrimRight(s[:at], " .\r\n")
	head, _ = cutSuffixFold(head, "Details:")
	if _, after, found := strings.Cut(head, "operation failed for:"); found {
		head = after
	}
	var about []string
	for _, name := range []string{"Path", "FileSystem", "Account"} {
		if v := field(s[at:], name); v != "" {
			about = append(about, name+": '"+v+"'")
		}
	}
	outer := explain(head, w)
	inner := said{text: sentencesOf(field(s, "Message"))}
	if inner.text == "" {
		inner = outer
	} else if code := field(s, "ErrorCode"); code != "" {
		inner.numbers = []string{code}
		if outer.text != "" && !isVague(outer.text) {
			about = append([]string{strings.TrimRight(outer.text, ".")}, about...)
		}
	} else {
		inner = inner.inside(outer)
	}
	inner.about = strings.Join(about, ". ")
	return inner, true
}

// field returns the value of "Name: 'value'".
func field(s, name string) string {
	_, after, found := strings.Cut(s, " "+name+": '")
	if !found {
		if after, found = strings.CutPrefix(s, name+": '"); !found {
			return ""
		}
	}
	value, _, _ := strings.Cut(after, "'.")
	return strings.TrimRight(value, "'. ")
}

// openException takes the last exception of a chain that says anything:
// "Py4JJavaError: An error occurred while calling o1.load. : java.net.UnknownHostException: lake.example.org".
func openException(s string, _ *walk) (said, bool) {
	end := len(s)
	for range 20 {
		at, name, after := lastException(s, end)
		if at < 0 {
			return said{}, false
		}
		words := sentencesOf(s[after:])
		switch {
		case at > 0 && (!isSentence(words) || isVague(words)):
		case isGenericException(name) && isSentence(words):
			return said{text: words}, true
		default:
			return said{text: strings.TrimRight(name+": "+words, ": ")}, true
		}
		end = at
	}
	return said{}, false
}

// lastException finds the last "package.NameException:" before end: where it
// begins, its name without the package, and where its words begin.
func lastException(s string, end int) (at int, name string, after int) {
	for end > 0 {
		colon := strings.LastIndexByte(s[:end], ':')
		if colon < 0 {
			break
		}
		end = colon
		begin := colon
		for begin > 0 && isIdentifier(s[begin-1]) {
			begin--
		}
		word := s[begin:colon]
		name = word[strings.LastIndexByte(word, '.')+1:]
		isClass := len(name) > len("Exception") || name == "Throwable" || len(name) > len("Error") && strings.HasSuffix(name, "Error")
		isNamed := strings.HasSuffix(name, "Exception") || strings.HasSuffix(name, "Error") || name == "Throwable"
		if isClass && isNamed && 'A' <= name[0] && name[0] <= 'Z' {
			return begin, name, colon + 1
		}
	}
	return -1, "", 0
}

func isIdentifier(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '.' || c == '$'
}

// isGenericException reports whether an exception's name says nothing that its
// words do not.
func isGenericException(name string) bool {
	switch name {
	case "Throwable", "RuntimeException", "SqlException", "SQLException", "BatchUpdateException", "SparkException", "AzureException", "StorageException", "IOException",
		"HadoopExecutionException", "HadoopUnexpectedException", "HybridDeliveryException", "OdbcException", "Py4JJavaError", "InvalidOperationException", "WebException", "HttpRequestException":
		return true
	default:
		return false
	}
}
