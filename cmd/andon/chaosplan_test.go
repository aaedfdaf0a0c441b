package main

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"
)

// chaosPlan is the history that a seed draws: a company, how fast it lives, and
// what is done to it and to the server. The same seed draws the same; when the
// steps meet what the server does, no seed can say.
type chaosPlan struct {
	seed     uint64
	scenario string
	size     int
	speed    string
	emulate  []string // further flags of the emulator
	serve    []string // further flags of the server
	steps    []chaosStep
	// endsByKill has the server killed once more when the faults end, so that
	// the store alone carries what is known. Without it the process has to get
	// over its own backoffs and circuits.
	endsByKill bool
}

// chaosStep is one thing that is done at its time. Exactly one of its further
// members is set.
type chaosStep struct {
	at      time.Duration
	faults  []chaosFault // these and no others are in force from now on; empty: none
	calm    bool         // says that no faults is what is meant
	kill    *chaosKill
	advance string // of the company's clock
	runs    []chaosRun
}

// chaosFault is a body of POST /faults.
type chaosFault struct {
	kind    string
	members string        // further ones, as JSON
	factory int           // which factory, by its place among them; below 0 all
	late    time.Duration // for how long rows are withheld at most
	ahead   time.Duration // how far Azure's Date is ahead at most
}

// chaosKill ends the server by SIGKILL.
type chaosKill struct {
	down time.Duration // until the next start
	// again are the moments after a start at which that process is killed in
	// turn, before it can have said where it serves or soon after.
	again []time.Duration
}

// chaosRun is a body of POST /truth/runs.
type chaosRun struct {
	factory  int
	status   string
	duration time.Duration
}

const (
	// chaosTime is how long a history goes on before its faults end.
	chaosTime = 9 * time.Second
	// mostLate and mostAhead together stay below the least overlap of windows,
	// 5 minutes: what is later than that is a sweep's to find.
	mostLate  = time.Minute
	mostAhead = 3 * time.Minute
)

// chaosKinds are the emulator's faults. Every seed takes five of them in turn,
// so that four seeds on end have them all, and some more by chance.
func chaosKinds() []string {
	return []string{
		"429", "500", "502html", "503", "504", "401", "cae", "unregistered", "reset", "cut", "hang", "slow", "drip", "skew", "late", "moved",
		"repeated", "truncated", "badToken",
	}
}

func drawChaos(seed uint64) chaosPlan {
	r := rand.New(rand.NewPCG(seed, 0x6368616f73))
	p := chaosPlan{seed: seed, endsByKill: r.IntN(4) > 0}
	p.scenario = []string{"default", "hostile", "default", "bank", "hostile", "quiet"}[seed%6]
	p.size = 300 + r.IntN(2700)
	if p.scenario == "hostile" {
		p.size = 200 + r.IntN(400) // some of its rows have a megabyte
	}
	p.speed = []string{"1", "5", "20", "20", "60"}[r.IntN(5)]
	p.emulate = []string{"--limits", "off"}
	p.serve = []string{"--poll", "1s", "--budget", "off"}
	switch r.IntN(5) {
	case 0:
		// Azure's limits and Andon's share of them. Polls of 40 factories every
		// second, or the activities of a company that lives 60 times as fast,
		// would use it up without leaving any for history. The quiet company's
		// 40 are all in one subscription.
		p.emulate, p.serve, p.speed = nil, []string{"--poll", "5s"}, "1"
		if p.scenario == "quiet" {
			p.serve = []string{"--poll", "20s"}
		}
	case 1:
		p.emulate = append(p.emulate, "--token-life", "3s")
	}
	p.drawFaults(r)
	if p.disturbsPages() {
		// More than a page for each poll from now on.
		p.add(r, chaosTime/3, chaosStep{runs: drawRuns(r, 110+r.IntN(150))})
	}
	p.drawKills(r)
	jumps := []string{"90s", "10m", "40m"} // companies live thousands of runs a day
	if p.scenario == "quiet" {
		jumps = []string{"10m", "7h", "26h"} // more than a day is left to the reading of history
	}
	for range r.IntN(3) {
		p.add(r, chaosTime, chaosStep{advance: pick(r, jumps...)})
	}
	for range 1 + r.IntN(4) {
		p.add(r, chaosTime, chaosStep{runs: drawRuns(r, 1+r.IntN(8))})
	}
	slices.SortStableFunc(p.steps, func(a, b chaosStep) int { return cmp.Compare(a.at, b.at) })
	return p
}

// add puts a step at some moment before the end of within.
func (p *chaosPlan) add(r *rand.Rand, within time.Duration, s chaosStep) {
	s.at = time.Duration(r.Int64N(int64(within)))
	p.steps = append(p.steps, s)
}

// drawFaults lets two to four mixes follow one another, sometimes with calm in
// between, which begin at once or after the server had some time for itself.
func (p *chaosPlan) drawFaults(r *rand.Rand) {
	kinds := chaosKinds()
	var mine []string
	for i := range 5 {
		mine = append(mine, kinds[(int(p.seed)*5+i)%len(kinds)])
	}
	phases := 2 + r.IntN(3)
	first := time.Duration(r.IntN(3)) * time.Second
	for phase := range phases {
		s := chaosStep{at: first + time.Duration(phase)*(chaosTime-first)/time.Duration(phases)}
		if phase > 0 && r.IntN(5) == 0 {
			s.calm = true
		} else {
			for i, kind := range mine {
				if i%phases == phase || r.IntN(3) == 0 {
					s.faults = append(s.faults, drawFault(r, kind))
				}
			}
			for range r.IntN(3) {
				s.faults = append(s.faults, drawFault(r, kinds[r.IntN(len(kinds))]))
			}
		}
		s.calm = len(s.faults) == 0
		p.steps = append(p.steps, s)
	}
}

func drawFault(r *rand.Rand, kind string) chaosFault {
	f := chaosFault{kind: kind, factory: -1}
	call, chance := pick(r, "*", "*", "queryPipelineRuns"), pick(r, "0.05", "0.15", "0.4")
	switch kind {
	case "429":
		f.members = pick(r,
			``, `,"retryAfter":""`, `,"retryAfter":"soon"`, `,"retryAfter":"0"`, `,"retryAfter":"2"`, `,"retryAfter":"date+2s"`,
			`,"code":"TooManyPipelineRunQueryRequests","retryAfter":"date+1s"`, `,"code":"TooManyRequests"`,
			`,"code":"SubscriptionRequestsThrottled"`, `,"code":"TenantRequestsThrottled"`)
	case "hang":
		f.members, chance = `,"delay":"2s"`, "0.05"
	case "slow", "drip":
		f.members = pick(r, `,"delay":"300ms"`, `,"delay":"1s"`)
	case "skew":
		d := time.Duration(r.Int64N(int64(2*mostAhead))) - mostAhead
		f.ahead = max(0, d)
		f.members = `,"delay":` + strconv.Quote(d.Round(time.Second).String())
		if d.Round(time.Second) == 0 {
			f.members = `,"delay":"1s"`
		}
	case "late":
		f.late = time.Second + time.Duration(r.Int64N(int64(mostLate-time.Second)))
		f.members, chance = `,"delay":`+strconv.Quote(f.late.String()), pick(r, "0.3", "0.7", "1")
	case "moved", "repeated", "truncated", "badToken":
		chance = pick(r, "0.2", "0.5")
	default: // some of what an outage looks like: everything fails for a while
		if r.IntN(4) == 0 {
			chance, f.members = "1", pick(r, `,"for":"1s"`, `,"for":"2s"`, `,"count":10`)
		}
	}
	if kind == "unregistered" || kind == "401" {
		call = pick(r, "*", "queryPipelineRuns", "token")
		if kind == "unregistered" && call == "token" {
			call = "factories"
		}
	}
	if r.IntN(4) == 0 && call == "queryPipelineRuns" {
		f.factory = r.IntN(3)
	}
	f.members = fmt.Sprintf(`"call":%q,"fault":%q,"probability":%s%s`, call, kind, chance, f.members)
	return f
}

func (p *chaosPlan) drawKills(r *rand.Rand) {
	for range 1 + r.IntN(4) {
		k := &chaosKill{down: time.Duration(r.IntN(500)) * time.Millisecond}
		for range max(0, r.IntN(4)-1) {
			k.again = append(k.again, time.Duration(r.IntN(400))*time.Millisecond)
		}
		p.add(r, chaosTime, chaosStep{kill: k})
	}
}

// drawRuns draws n runs of one factory.
func drawRuns(r *rand.Rand, n int) []chaosRun {
	factory := r.IntN(5)
	var all []chaosRun
	for range n {
		all = append(all, chaosRun{factory, pick(r, "Succeeded", "Failed", "Failed", "Cancelled"), time.Duration(r.IntN(120_000)) * time.Millisecond})
	}
	return all
}

func pick(r *rand.Rand, from ...string) string { return from[r.IntN(len(from))] }

// disturbsPages reports whether a fault of the plan needs answers of several
// pages to show itself.
func (p *chaosPlan) disturbsPages() bool {
	return slices.ContainsFunc(p.steps, func(s chaosStep) bool {
		return slices.ContainsFunc(s.faults, func(f chaosFault) bool {
			return slices.Contains([]string{"moved", "truncated", "badToken"}, f.kind)
		})
	})
}
