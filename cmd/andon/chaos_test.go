package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"andon/internal/adf"
	"andon/internal/redact"
)

// chaosSample is what CI runs: four seeds on end have every kind of fault in
// force.
func chaosSample() []uint64 { return []uint64{5, 6, 7, 8} }

// manySeeds is from how many histories on each kind of fault must have struck.
// In fewer it is a matter of timing whether a rare one does.
const manySeeds = 40

// TestChaos lets real servers live through histories that seeds draw: a company
// whose pipelines go on running, an Azure that fails in every way the emulator
// knows, several at a time, SIGKILL at random moments, and jumps of the clock.
//
// At every moment of a history these hold, across all restarts:
//
//  1. A run that was shown once is shown ever after, in that state or a newer
//     one: its lastUpdated never goes back, and what is over stays over unless
//     Azure itself takes it up again.
//  2. What a factory's "as of" and coverage promise is there: every run whose
//     newest change that Azure showed lies before "as of", and within what is
//     covered, is on the board in that state or a newer one. So nothing that is
//     shown is older than its "as of". Where Azure kept rows back (late) or had
//     a clock ahead of itself (skew), that much before "as of" may be missing
//     until the windows have overlapped it. Where pages claimed to be the last
//     although rows were left (truncated), anything may be missing until it is
//     read again: from the first such fault on this is not checked.
//  3. Nothing is invented, and nothing is newer than Azure has it. A board may
//     well show a run newer than its "as of": rows count for it once the last
//     page of their window is stored.
//  4. "As of" and coverage never go back.
//
// When the faults are over and the board is fresh, it is the truth: every run
// with every field, Store.Check finds nothing, and no output holds a panic, an
// error or the secret. What truncated pages lost is ordered to be read again
// before.
//
// CI runs a fixed sample; `make chaos` runs 200 seeds, `make chaos SEED=17` one.
func TestChaos(t *testing.T) {
	t.Parallel()
	seeds := chaosSeeds(t)
	total := &chaosTotal{strikes: map[string]int{}, failed: map[uint64][]string{}}
	t.Cleanup(func() { total.report(t, len(seeds)) })
	for _, seed := range seeds {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			t.Parallel()
			runChaos(t, drawChaos(seed), total)
		})
	}
}

// chaosSeeds reads ANDON_CHAOS_SEEDS: "17", or "1-200".
func chaosSeeds(t *testing.T) []uint64 {
	t.Helper()
	text := os.Getenv("ANDON_CHAOS_SEEDS")
	if text == "" {
		return chaosSample()
	}
	first, last, isRange := strings.Cut(text, "-")
	if !isRange {
		last = first
	}
	from, err := strconv.ParseUint(first, 10, 32)
	to, err2 := strconv.ParseUint(last, 10, 32)
	if err != nil || err2 != nil || from > to {
		t.Fatalf("ANDON_CHAOS_SEEDS: %q is neither a seed such as 17 nor a range such as 1-200", text)
	}
	var all []uint64
	for seed := from; seed <= to; seed++ {
		all = append(all, seed)
	}
	return all
}

// chaosTotal sums up histories.
type chaosTotal struct {
	mu                 sync.Mutex
	seeds, runs, kills int
	moments, blind     int
	promises           int64
	strikes            map[string]int
	failed             map[uint64][]string
}

func (c *chaosTotal) add(h *chaosHistory) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seeds++
	c.runs += h.compared
	c.kills += h.kills
	c.moments += h.watch.moments
	c.blind += h.watch.blind
	c.promises += h.watch.promises
	for kind, n := range h.strikes {
		c.strikes[kind] += n
	}
	if len(h.watch.broken) > 0 || h.t.Failed() {
		c.failed[h.plan.seed] = []string{"what it shows at its end"}
		if len(h.watch.broken) > 0 {
			c.failed[h.plan.seed] = h.watch.broken[:1]
		}
	}
}

func (c *chaosTotal) report(t *testing.T, wanted int) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	t.Logf("%d of %d histories came to their end; %d kills; %d moments looked at and %d without a server; %d promises held against the truth; %d runs compared at the end",
		c.seeds, wanted, c.kills, c.moments, c.blind, c.promises, c.runs)
	var strikes []string
	for _, kind := range slices.Sorted(maps.Keys(c.strikes)) {
		strikes = append(strikes, fmt.Sprintf("%s %d", kind, c.strikes[kind]))
	}
	t.Logf("faults that struck: %s", strings.Join(strikes, ", "))
	for _, seed := range slices.Sorted(maps.Keys(c.failed)) {
		t.Logf("seed %d failed: %s", seed, strings.Join(c.failed[seed], "; "))
	}
	if wanted < manySeeds {
		return
	}
	for _, kind := range chaosKinds() {
		if c.strikes[kind] == 0 {
			t.Errorf("fault %s never struck: nothing is proven about it", kind)
		}
	}
}

// chaosHistory is one history as it goes on.
type chaosHistory struct {
	t        *testing.T
	plan     chaosPlan
	emulated emulated
	store    string
	base     string     // of the server that runs
	server   *program   // nil while none runs
	servers  []*program // all that ran
	watch    *chaosWatch
	began    time.Time
	kills    int
	strikes  map[string]int
	compared int
	diary    []string // what was done when
}

func runChaos(t *testing.T, plan chaosPlan, total *chaosTotal) {
	t.Helper()
	flags := append([]string{"--seed", strconv.FormatUint(plan.seed, 10), "--scenario", plan.scenario, "--size", strconv.Itoa(plan.size), "--speed", plan.speed}, plan.emulate...)
	h := &chaosHistory{t: t, plan: plan, store: filepath.Join(t.TempDir(), "andon.db"), strikes: map[string]int{}, emulated: startEmulator(t, flags...)}
	h.watch = newChaosWatch(h.emulated, plan.scenario == "hostile")
	h.began = time.Now()
	t.Cleanup(func() {
		h.tell()
		total.add(h)
	})
	h.note("emulate %s; serve %s", strings.Join(flags, " "), strings.Join(plan.serve, " "))
	for _, s := range plan.steps {
		h.watchUntil(h.began.Add(s.at))
		h.do(s)
	}
	h.watchUntil(h.began.Add(chaosTime))
	h.settle()
}

func (h *chaosHistory) note(format string, values ...any) {
	h.diary = append(h.diary, fmt.Sprintf("%5.1fs ", time.Since(h.began).Seconds())+fmt.Sprintf(format, values...))
}

// tell says what was wrong, what had been done, and how to do it again.
func (h *chaosHistory) tell() {
	for _, b := range h.watch.broken {
		h.t.Errorf("%s", b)
	}
	h.t.Logf("seed %d (%s, speed %s): %d kills, %d moments, %d promises, %d runs compared, in %.0f s; struck %v",
		h.plan.seed, h.plan.scenario, h.plan.speed, h.kills, h.watch.moments, h.watch.promises, h.compared, time.Since(h.began).Seconds(), h.strikes)
	if !h.t.Failed() {
		return
	}
	h.t.Logf("seed %d; again: make chaos SEED=%d\n%s", h.plan.seed, h.plan.seed, strings.Join(h.diary, "\n"))
	for i, p := range h.servers {
		out := p.output()
		h.t.Logf("server %d said at last:\n%s", i+1, out[max(0, len(out)-2000):])
	}
}

// watchUntil holds the board against the truth again and again.
func (h *chaosHistory) watchUntil(moment time.Time) {
	for {
		if h.server == nil {
			h.serve()
		}
		h.look()
		left := time.Until(moment)
		if left <= 0 {
			return
		}
		<-time.After(min(left, 50*time.Millisecond))
	}
}

// look observes one moment, and notes the first sight of anything wrong.
func (h *chaosHistory) look() {
	before := len(h.watch.broken)
	h.watch.observe(h.base)
	for _, b := range h.watch.broken[before:] {
		h.note("%s", b)
	}
}

func (h *chaosHistory) start() *program {
	args := append([]string{"serve", "--listen", "127.0.0.1:0", "--store", "sqlite:" + h.store}, h.plan.serve...)
	p := start(h.t, h.emulated.env(), args...)
	h.servers = append(h.servers, p)
	return p
}

func (h *chaosHistory) serve() {
	h.t.Helper()
	h.server = h.start()
	h.base = h.server.says(`serving on (http://\S+)`)[1]
	h.note("serving")
}

func (h *chaosHistory) kill() {
	h.t.Helper()
	if h.server == nil {
		return
	}
	h.server.end(syscall.SIGKILL)
	h.server = nil
	h.kills++
	h.note("killed")
}

func (h *chaosHistory) do(s chaosStep) {
	h.t.Helper()
	switch {
	case s.calm || len(s.faults) > 0:
		h.breakThings(s.faults)
	case s.kill != nil:
		h.kill()
		<-time.After(s.kill.down)
		for _, moment := range s.kill.again {
			h.server = h.start()
			<-time.After(moment)
			h.kill()
		}
	case s.advance != "":
		var clock struct{ Now string }
		post(h.t, h.emulated.Control+"/clock", fmt.Sprintf(`{"advance":%q}`, s.advance), &clock)
		h.note("clock moved by %s to %s", s.advance, clock.Now)
	default:
		for _, r := range s.runs {
			factory := h.emulated.Factories[r.factory%len(h.emulated.Factories)]
			body := fmt.Sprintf(`{"factory":%q,"pipelineName":"pl_chaos","status":%q,"message":%q,"durationInMs":%d}`,
				factory, r.status, map[string]string{"Failed": "Operation on target cp failed: chaos"}[r.status], r.duration.Milliseconds())
			var made row
			post(h.t, h.emulated.Control+"/truth/runs", body, &made)
		}
		h.note("%d runs more", len(s.runs))
	}
}

// breakThings puts these faults in force in place of those before.
func (h *chaosHistory) breakThings(faults []chaosFault) {
	h.t.Helper()
	h.mendThings()
	var late, ahead time.Duration
	for _, f := range faults {
		late, ahead = max(late, f.late), max(ahead, f.ahead)
		if f.kind == "truncated" {
			h.watch.losesRows = true
		}
	}
	h.watch.withhold(late, ahead)
	for _, f := range faults {
		members := f.members
		if f.factory >= 0 {
			members += fmt.Sprintf(`,"factory":%q`, h.emulated.Factories[f.factory%len(h.emulated.Factories)])
		}
		var inForce any
		post(h.t, h.emulated.Control+"/faults", "{"+members+"}", &inForce)
		h.note("fault %s", members)
	}
	if len(faults) == 0 {
		h.note("calm")
	}
}

// mendThings ends all faults, and counts how often they struck.
func (h *chaosHistory) mendThings() {
	h.t.Helper()
	var list struct {
		Items []struct {
			Fault  string
			Struck int
		}
	}
	get(h.t, h.emulated.Control+"/faults", &list)
	for _, f := range list.Items {
		h.strikes[f.Fault] += f.Struck
	}
	remove(h.t, h.emulated.Control+"/faults")
}

// settle ends the faults, waits until the board is fresh, and demands that it
// is the truth.
func (h *chaosHistory) settle() {
	h.t.Helper()
	h.mendThings()
	h.note("the faults are over")
	if h.watch.ahead > 0 {
		// Else the board would have to wait until time has caught up with a
		// clock that was ahead.
		h.do(chaosStep{advance: (2 * mostAhead).String()})
	}
	if h.plan.endsByKill {
		h.kill()
	}
	if h.server == nil {
		h.serve()
	}
	awaitFresh(h.t, h.base, h.emulated)
	h.note("fresh")
	if h.watch.losesRows {
		h.readAgain()
	}
	h.watch.losesRows = false
	h.look()
	if h.watch.isHostile {
		h.compareHostile()
	} else {
		h.compared = compareWithTruth(h.t, h.base, h.emulated)
	}
	h.look()
	if code := h.server.end(syscall.SIGTERM); code != 0 {
		h.t.Errorf("exit code %d", code)
	}
	for _, p := range h.servers {
		for _, bad := range []string{"panic", `"level":"ERROR"`, "DATA RACE", h.emulated.ClientSecret} {
			if strings.Contains(p.output(), bad) {
				h.t.Errorf("an output holds %q", bad)
			}
		}
	}
	checkStore(h.t, h.store)
}

// readAgain orders all that Azure keeps to be read once more, and waits for it.
func (h *chaosHistory) readAgain() {
	h.t.Helper()
	now := h.clock()
	body := fmt.Sprintf(`{"from":%q,"to":%q}`, now.Add(-44*24*time.Hour-12*time.Hour), now)
	shorts := h.shorts()
	for _, short := range shorts {
		var ordered row
		post(h.t, h.base+"api/v1/factories/"+url.PathEscape(short)+"/rereads", body, &ordered)
	}
	eventually(h.t, 2*time.Minute, func() string {
		var answer struct {
			Items []struct {
				Factory string
				Rereads []struct{ State, What string }
			}
		}
		if err := tryGet(h.base+"api/v1/collection", &answer); err != nil {
			return err.Error()
		}
		done := 0
		for _, f := range answer.Items {
			if len(f.Rereads) > 0 && f.Rereads[0].State == "done" {
				done++
			}
		}
		if done < len(shorts) {
			return fmt.Sprintf("%d of %d factories were read again", done, len(shorts))
		}
		return ""
	})
	h.note("read again")
}

// clock returns the time by Azure's clock.
func (h *chaosHistory) clock() adf.Time {
	h.t.Helper()
	var clock struct{ Now adf.Time }
	get(h.t, h.emulated.Control+"/clock", &clock)
	return clock.Now
}

// shorts returns the short ids of the factories.
func (h *chaosHistory) shorts() map[string]string {
	var answer struct {
		Items []struct{ Factory, FactoryID string }
	}
	get(h.t, h.base+"api/v1/factories", &answer)
	all := map[string]string{}
	for _, f := range answer.Items {
		all[strings.ToLower(f.FactoryID)] = f.Factory
	}
	return all
}

// compareHostile demands that every run that has an id is on the board, with
// the very members that Azure sends, but for secrets.
//
// Azure's rows can't all be told apart by lastUpdated: some of the ended ones
// have none, or one before that of an earlier state. Such a row is newer than
// what is shown to nobody but a person, so that what is shown may be older.
func (h *chaosHistory) compareHostile() {
	h.t.Helper()
	before := chaosRows(h.t, h.emulated)
	awaitAsOf(h.t, h.base, h.emulated, h.clock().Add(time.Second))
	type detail struct {
		LastUpdated adf.Time
		Raw         json.RawMessage
	}
	board := map[string]detail{}
	shorts := h.shorts()
	for key := range before {
		factory, runID := cutRun(key)
		var got detail
		if err := tryGet(h.base+"api/v1/runs/"+url.PathEscape(runID)+"?factory="+url.QueryEscape(shorts[factory]), &got); err != nil {
			h.t.Errorf("run %s is lost: %v", key, err)
			continue
		}
		board[key] = got
	}
	after := chaosRows(h.t, h.emulated)
	var wrong, undated int
	for key, got := range board {
		h.compared++
		was, is := before[key], after[key]
		switch {
		case sameRow(was.raw, got.Raw), sameRow(is.raw, got.Raw):
		case was.updated < got.LastUpdated && got.LastUpdated < is.updated: // a state in between
		case is.updated < got.LastUpdated:
			undated++
		default:
			wrong++
			h.t.Errorf("run %s differs (− truth, + board):\n%s", key, cmp.Diff(asMembers(is.raw), asMembers(got.Raw)))
		}
	}
	h.t.Logf("%d runs in truth, %d on the board; %d wrong, %d with an end that has no time of its own", len(before), len(board), wrong, undated)
}

// azureRow is a row as Azure sends it.
type azureRow struct {
	updated adf.Time
	raw     json.RawMessage
}

// chaosRows is every row of the truth that has an id, without its secrets.
func chaosRows(t *testing.T, e emulated) map[string]azureRow {
	t.Helper()
	all := map[string]azureRow{}
	secrets := redact.Default()
	for _, id := range e.Factories {
		var answer struct{ Items []json.RawMessage }
		get(t, e.Control+"/truth/runs?factory="+url.QueryEscape(id), &answer)
		for _, raw := range answer.Items {
			var r struct{ RunID, LastUpdated anyText }
			if json.Unmarshal(raw, &r) != nil || r.RunID == "" {
				continue
			}
			clean, _ := secrets.JSON(raw)
			all[strings.ToLower(id+"/"+string(r.RunID))] = azureRow{r.LastUpdated.time(), clean}
		}
	}
	return all
}

// asMembers are the members of a row. isLatest is left out: it changes without
// lastUpdated, and the board works it out by itself.
func asMembers(raw []byte) row {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var all row
	if d.Decode(&all) != nil {
		return nil
	}
	for name := range all {
		if strings.EqualFold(name, "isLatest") {
			delete(all, name)
		}
	}
	return all
}

func sameRow(a, b []byte) bool { return cmp.Equal(asMembers(a), asMembers(b)) }
