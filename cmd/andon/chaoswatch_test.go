package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"net/url"
	"slices"
	"strings"
	"time"

	"andon/internal/adf"
)

// runState is a state of a run, as Azure or the board shows it.
type runState struct {
	updated adf.Time // lastUpdated; zero when it can't be read
	status  string
}

// isOver reports whether a run in that state has ended.
func (v runState) isOver() bool { return adf.Status(v.status).Terminal() }

// claim is what the board says of a factory: how fresh it is and which part of
// history is there.
type claim struct {
	asOf, from, to adf.Time
	gaps           []span
}

type span struct{ From, To adf.Time }

// covers reports whether the claim says that what was last updated at t is on
// the board. withheld is how long rows may have been kept back from it.
func (c claim) covers(t adf.Time, withheld time.Duration) bool {
	if t.IsZero() || t < c.from || t >= c.to.Add(-withheld) || t >= c.asOf.Add(-withheld) {
		return false
	}
	return !slices.ContainsFunc(c.gaps, func(g span) bool { return g.From <= t && t <= g.To })
}

// chaosWatch compares what the board shows with what Azure knew, at every
// moment of a history. Its invariants are those of [TestChaos].
type chaosWatch struct {
	emulated
	isHostile bool
	// late is how long Azure may have kept rows back since the history began,
	// ahead how far its clock may have been ahead: as much may be missing before
	// "as of".
	late, ahead time.Duration
	// losesRows tells that pages may have claimed to be the last although rows
	// were left: then what is missing is for a further reading to heal.
	losesRows bool

	known  map[string][]runState // what Azure was seen to know, by run, oldest first
	shown  map[string]runState   // what the board has shown, by run
	claims map[string]claim      // what the board has said, by factory

	hash  maphash.Seed
	lines map[uint64]line // of the truth, by their hash

	moments, blind int   // observations, and attempts that found no server
	promises       int64 // runs that a claim said had to be there
	broken         []string
}

func newChaosWatch(e emulated, isHostile bool) *chaosWatch {
	return &chaosWatch{emulated: e, isHostile: isHostile, known: map[string][]runState{}, shown: map[string]runState{}, claims: map[string]claim{}, hash: maphash.MakeSeed(), lines: map[uint64]line{}}
}

// mostBroken bounds how much of what is wrong is told of one history.
const mostBroken = 20

func (w *chaosWatch) say(format string, values ...any) {
	if len(w.broken) < mostBroken {
		w.broken = append(w.broken, fmt.Sprintf(format, values...))
	}
}

// withhold says what the faults from now on may keep from the board.
func (w *chaosWatch) withhold(late, ahead time.Duration) {
	w.late, w.ahead = max(w.late, late), max(w.ahead, ahead)
}

// observe looks at the board and then at the truth. The claims are asked for
// before the runs, and the runs before the truth, so that neither can be
// younger than what it is measured by. A server that is not there is no
// finding; an answer that it does give is held against it.
func (w *chaosWatch) observe(base string) {
	claims, err := askClaims(base)
	if err != nil {
		w.blind++
		return
	}
	board, err := askBoard(base)
	if err != nil {
		w.blind++
		return
	}
	now, err := w.askTruth()
	if err != nil {
		w.say("the emulator does not tell the truth: %v", err)
		return
	}
	w.moments++
	w.checkClaims(claims)
	w.checkShown(board, now)
	w.checkPromises(claims, board, now)
}

// checkClaims demands that neither freshness nor coverage goes back.
func (w *chaosWatch) checkClaims(claims map[string]claim) {
	for factory, before := range w.claims {
		c, ok := claims[factory]
		switch {
		case !ok:
			w.say("factory %s is not listed any more", factory)
			continue
		case c.asOf < before.asOf:
			w.say("factory %s: as of went back from %s to %s", factory, before.asOf, c.asOf)
		case c.from > before.from || c.to < before.to:
			w.say("factory %s: coverage shrank from %s … %s to %s … %s", factory, before.from, before.to, c.from, c.to)
		}
	}
	for factory, c := range claims {
		if !c.asOf.IsZero() {
			w.claims[factory] = c
		}
	}
}

// checkShown demands that no run is lost or goes back, and that none is
// invented or newer than Azure's.
func (w *chaosWatch) checkShown(board, now map[string]runState) {
	for key, before := range w.shown {
		v, ok := board[key]
		switch {
		case !ok:
			w.say("run %s is lost: it was shown as %s of %s", key, before.status, before.updated)
		case v.updated < before.updated && (!v.updated.IsZero() || !v.isOver()): // an end without a time is the newest
			w.say("run %s went back from %s of %s to %s of %s", key, before.status, before.updated, v.status, v.updated)
		case v.updated == before.updated && before.isOver() && !v.isOver():
			w.say("run %s was over (%s) and is %s at the same lastUpdated %s", key, before.status, v.status, v.updated)
		case before.isOver() && !v.isOver() && !w.isHostile:
			w.say("run %s was over (%s of %s) and is %s of %s, which no run of this company does", key, before.status, before.updated, v.status, v.updated)
		}
	}
	for key, v := range board {
		w.shown[key] = v
		azure, ok := now[key]
		switch {
		case !ok:
			w.say("run %s is invented: %s of %s", key, v.status, v.updated)
		case w.isHostile: // whose rows contradict themselves
		case v.updated > azure.updated:
			w.say("run %s is shown as %s of %s, newer than Azure's %s of %s", key, v.status, v.updated, azure.status, azure.updated)
		case v.updated == azure.updated && v.status != azure.status:
			w.say("run %s is shown as %s, in Azure it is %s, both of %s", key, v.status, azure.status, v.updated)
		}
	}
}

// checkPromises demands that what a claim covers is there, and in no older
// state than the claim says.
func (w *chaosWatch) checkPromises(claims map[string]claim, board, now map[string]runState) {
	if w.losesRows {
		return
	}
	withheld := w.late + w.ahead
	for key, all := range w.known {
		factory, _ := cutRun(key)
		c, ok := claims[factory]
		if !ok {
			continue
		}
		// Where rows were withheld, a state that Azure had for a moment may
		// never have been visible; the one that it still has must be.
		if withheld > 0 {
			all = []runState{now[key]}
		}
		for _, due := range slices.Backward(all) {
			if !c.covers(due.updated, withheld) {
				continue
			}
			w.promises++
			v, ok := board[key]
			if ok && v == now[key] {
				break // Azure has nothing newer, whatever times its rows give
			}
			if !ok {
				w.say("run %s is missing: %s of %s, and the board says as of %s", key, due.status, due.updated, c.asOf)
			} else if v.updated < due.updated {
				w.say("run %s is shown as %s of %s, Azure had it as %s of %s, and the board says as of %s", key, v.status, v.updated, due.status, due.updated, c.asOf)
			}
			break
		}
	}
}

// cutRun cuts the key of a run into its factory's id and its own.
func cutRun(key string) (factory, runID string) {
	i := strings.LastIndexByte(key, '/')
	if i < 0 {
		return key, ""
	}
	return key[:i], key[i+1:]
}

func askClaims(base string) (map[string]claim, error) {
	var answer struct {
		Items []struct {
			FactoryID string
			AsOf      adf.Time
			Coverage  struct {
				From, To adf.Time
				Gaps     []span
			}
		}
	}
	if err := tryGet(base+"api/v1/factories", &answer); err != nil {
		return nil, err
	}
	all := map[string]claim{}
	for _, f := range answer.Items {
		all[strings.ToLower(f.FactoryID)] = claim{f.AsOf, f.Coverage.From, f.Coverage.To, f.Coverage.Gaps}
	}
	return all, nil
}

// askBoard returns every run that the board lists.
func askBoard(base string) (map[string]runState, error) {
	all := map[string]runState{}
	cursor := ""
	for {
		var page struct {
			Items []struct {
				RunID, FactoryID, Status string
				LastUpdated              adf.Time
			}
			NextCursor *string
		}
		if err := tryGet(base+"api/v1/runs?limit=500"+cursor, &page); err != nil {
			return nil, err
		}
		for _, r := range page.Items {
			all[strings.ToLower(r.FactoryID+"/"+r.RunID)] = runState{r.LastUpdated, r.Status}
		}
		if page.NextCursor == nil {
			return all, nil
		}
		cursor = "&cursor=" + url.QueryEscape(*page.NextCursor)
	}
}

// askTruth returns what Azure knows now, and remembers it.
func (w *chaosWatch) askTruth() (map[string]runState, error) {
	all := map[string]runState{}
	for _, id := range w.Factories {
		body, err := fetch(w.Control + "/truth/runs?factory=" + url.QueryEscape(id))
		if err != nil {
			return nil, err
		}
		body = bytes.TrimSuffix(bytes.TrimPrefix(bytes.TrimSpace(body), []byte(`{"items":[`)), []byte("]}"))
		for line := range bytes.Lines(body) {
			if r := w.readLine(line); r.runID != "" {
				all[strings.ToLower(id+"/"+r.runID)] = r.runState
			}
		}
	}
	for key, v := range all {
		if known := w.known[key]; len(known) == 0 || known[len(known)-1] != v {
			w.known[key] = append(known, v)
		}
	}
	return all, nil
}

// line is what a line of the truth says.
type line struct {
	runID string
	runState
}

// readLine reads a line of the truth, which is a row with what a hostile Azure
// puts beside it. Rows seldom change, so that each is decoded once.
func (w *chaosWatch) readLine(text []byte) line {
	sum := maphash.Bytes(w.hash, text)
	if l, known := w.lines[sum]; known {
		return l
	}
	var l line
	var rows []struct{ RunID, Status, LastUpdated anyText }
	// Elements that are no objects, which are nobody's runs, are an error too.
	_ = json.Unmarshal(slices.Concat([]byte("["), bytes.Trim(text, ",\n"), []byte("]")), &rows)
	for _, r := range rows {
		if r.RunID != "" {
			l = line{string(r.RunID), runState{r.LastUpdated.time(), string(r.Status)}}
		}
	}
	w.lines[sum] = l
	return l
}

// anyText is a string, or empty for every other kind of value.
type anyText string

func (a *anyText) UnmarshalJSON(b []byte) error { //nolint:unparam // the form that encoding/json asks for
	var s string
	if json.Unmarshal(b, &s) != nil {
		s = ""
	}
	*a = anyText(s)
	return nil
}

// time reads a lastUpdated. One without a time of day says too little to be
// compared with.
func (a anyText) time() adf.Time {
	t, err := adf.ParseTime(string(a))
	if err != nil || !strings.Contains(string(a), ":") {
		return 0
	}
	return t
}
