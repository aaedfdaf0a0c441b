package redact

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The bounds of the list of what is allowed.
const (
	MaxAllowed      = 200
	MaxAllowedBytes = 200 // of one path
)

// safeNumbers are members of ADF's own outputs whose numbers are kept where
// only what is allowed is: they count rows, bytes, seconds and units. A text
// in such a member, as a web service may send, is not.
// https://learn.microsoft.com/azure/data-factory/copy-activity-monitoring
func safeNumbers() []string {
	return []string{
		"output.rowsRead", "output.rowsCopied", "output.rowsSkipped", "output.dataRead", "output.dataWritten", "output.filesRead", "output.filesWritten", "output.filesSkipped",
		"output.copyDuration", "output.throughput", "output.usedDataIntegrationUnits", "output.usedParallelCopies", "output.sourcePeakConnections", "output.sinkPeakConnections", "output.count",
		"output.durationInQueue.*", "output.billingReference.billableDuration.duration", "output.executionDetails.duration", "output.executionDetails.usedDataIntegrationUnits",
		"output.executionDetails.usedParallelCopies", "output.executionDetails.detailedDurations.*", "output.executionDetails.profile.**",
	}
}

// safeTexts are those whose texts are kept too, where they are as short and
// plain as ADF writes them: names of runtimes, ids of runs, codes of errors.
func safeTexts() []string {
	return []string{
		"output.effectiveIntegrationRuntime", "output.effectiveIntegrationRuntimes.name", "output.pipelineRunId", "output.errors.code", "output.errors.errorCode", "output.error.code",
		"output.errorCode", "output.executionDetails.status", "output.executionDetails.source.type", "output.executionDetails.sink.type", "output.executionDetails.start",
		"output.billingReference.activityType", "output.billingReference.billableDuration.meterType", "output.billingReference.billableDuration.unit",
		"input.source.type", "input.sink.type", "input.pipeline.referenceName", "input.pipeline.type",
	}
}

// SafeMembers lists the members of inputs and outputs that are kept without
// being allowed by name.
func SafeMembers() []string { return slices.Concat(safeNumbers(), safeTexts()) }

// allowList says which values of an activity run's input and output are kept.
type allowList struct{ own, numbers, texts []memberPath }

// memberPath is the path of a member, in lower case: input.source.type. In a
// name, * is any text; ** is any number of names. Lists have no name.
type memberPath []string

// CheckAllowed says why a path can't be allowed; nil when it can.
func CheckAllowed(path string) error {
	_, err := parsePath(path)
	return err
}

func parsePath(path string) (memberPath, error) {
	if len(path) > MaxAllowedBytes {
		return nil, fmt.Errorf("is %d bytes long: at most %d are allowed", len(path), MaxAllowedBytes)
	}
	names := strings.Split(strings.ToLower(path), ".")
	switch {
	case names[0] != "input" && names[0] != "output":
		return nil, fmt.Errorf("%q does not begin with input or output: write the path of a member, such as output.rowsRead or output.firstRow.*", path)
	case len(names) < 2:
		return nil, fmt.Errorf("%q names no member: write %s.name, or %s.** for all of it", path, path, path)
	case slices.Contains(names, ""):
		return nil, fmt.Errorf("%q has an empty name between two dots", path)
	}
	if strings.Count(path, "**") > 1 {
		return nil, fmt.Errorf("%q has ** more than once", path)
	}
	for _, name := range names[1:] {
		if name != "**" && strings.Contains(name, "**") {
			return nil, fmt.Errorf("%q has ** beside other text: ** alone is any number of members, * is any text in one name", path)
		}
	}
	return names, nil
}

// newAllowList reads what the operator allows.
func newAllowList(own []string) (*allowList, error) {
	if len(own) > MaxAllowed {
		return nil, fmt.Errorf("allow: %d paths are too many: at most %d are allowed", len(own), MaxAllowed)
	}
	var l allowList
	var errs []error
	read := func(paths []string) (all []memberPath) {
		for i, path := range paths {
			p, err := parsePath(path)
			if err != nil {
				errs = append(errs, fmt.Errorf("allow[%d]: %w", i, err))
			}
			all = append(all, p)
		}
		return all
	}
	l.own, l.numbers, l.texts = read(own), read(safeNumbers()), read(safeTexts())
	return &l, errors.Join(errs...)
}

// allows reports whether the scalar at a path is kept.
func (l *allowList) allows(path []string, scalar []byte, text func() string) bool {
	is := func(p memberPath) bool { return p.matches(path) }
	switch {
	case scalar[0] == 'n':
		return true // null hides nothing
	case slices.ContainsFunc(l.own, is):
		return true
	case scalar[0] != '"':
		return slices.ContainsFunc(l.numbers, is)
	case slices.ContainsFunc(l.texts, is):
		return isPlainText(text())
	}
	return false
}

// isPlainText reports whether s is as short and plain as names and codes are.
func isPlainText(s string) bool {
	const most = 100
	return len(s) <= most && isAll(s, func(c byte) bool { return isAlnum(c) || strings.IndexByte(" _-.:()", c) >= 0 })
}

func (p memberPath) matches(path []string) bool {
	for len(p) > 0 && p[0] != "**" {
		if len(path) == 0 || !matchesName(p[0], path[0]) {
			return false
		}
		p, path = p[1:], path[1:]
	}
	if len(p) == 0 {
		return len(path) == 0
	}
	for skipped := range len(path) + 1 {
		if p[1:].matches(path[skipped:]) {
			return true
		}
	}
	return false
}

// matchesName reports whether a name matches a pattern with *.
func matchesName(pattern, name string) bool {
	first, rest, hasStar := strings.Cut(pattern, "*")
	if !hasStar {
		return pattern == name
	}
	if !strings.HasPrefix(name, first) {
		return false
	}
	name = name[len(first):]
	for {
		var part string
		part, rest, hasStar = strings.Cut(rest, "*")
		if !hasStar {
			return strings.HasSuffix(name, part)
		}
		at := strings.Index(name, part)
		if at < 0 {
			return false
		}
		name = name[at+len(part):]
	}
}

// allowOnly hides what is not allowed in the inputs and outputs of the row s.
func (l *allowList) allowOnly(s string) string {
	w := walker{raw: []byte(s)}
	i := w.next(0)
	if w.raw[i] != '{' {
		return s
	}
	l.members(&w, i, nil, 0)
	return w.edited(s)
}

// value hides what is not allowed in the value at i, whose path is given, and
// returns its end.
func (l *allowList) value(w *walker, i int, path []string, depth int) int {
	switch {
	case len(path) == 1 && path[0] != "input" && path[0] != "output":
		return w.skip(i)
	case w.raw[i] != '{' && w.raw[i] != '[':
		end := w.skip(i)
		text := func() string {
			if w.raw[i] != '"' {
				return string(w.raw[i:end])
			}
			return w.decoded(i, end)
		}
		if !l.allows(path, w.raw[i:end], text) && !isOne(text(), "", Marker, TooDeep) {
			w.edit(i, end, Marker)
		}
		return end
	case depth >= maxDepth:
		end := w.skip(i)
		w.edit(i, end, TooDeep)
		return end
	}
	return l.members(w, i, path, depth)
}

// members is value for the members of an object, or the elements of an array.
func (l *allowList) members(w *walker, i int, path []string, depth int) int {
	isObject := w.raw[i] == '{'
	for i = w.next(i + 1); w.raw[i] != '}' && w.raw[i] != ']'; {
		inner := path
		if isObject {
			keyEnd := w.skip(i)
			inner = append(slices.Clip(path), strings.ToLower(w.decoded(i, keyEnd)))
			i = w.next(w.next(keyEnd) + 1)
		}
		if i = w.next(l.value(w, i, inner, depth+1)); w.raw[i] == ',' {
			i = w.next(i + 1)
		}
	}
	return i + 1
}
