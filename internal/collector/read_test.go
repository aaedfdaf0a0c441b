package collector

import (
	"errors"
	"testing"
	"time"

	"andon/internal/adf"
	"andon/internal/azure"
	"andon/internal/store"
)

func TestWhatIsReadInHalves(t *testing.T) {
	t.Parallel()
	for want, errs := range map[bool][]error{
		true:  {errTooFull, errFullEnd, &azure.Error{Kind: azure.KindTokenRefused}, &azure.Error{Kind: azure.KindTooLarge}},
		false: {nil, errClock, errors.New("any"), &azure.Error{Kind: azure.KindForbidden}, &azure.Error{Kind: azure.KindThrottled}, &azure.Error{Kind: azure.KindNotJSON}},
	} {
		for _, err := range errs {
			if isForHalves(err) != want {
				t.Errorf("halves after %v: %t, want %t", err, !want, want)
			}
		}
	}
}

// TestWhatAWindowCovers: nothing that Azure had forgotten when the last page was
// answered, nothing that was still to come when the first one was.
func TestWhatAWindowCovers(t *testing.T) {
	t.Parallel()
	const day, now = 24 * time.Hour, 100 * 24 * time.Hour
	w := func(from, to time.Duration) store.Window { return store.Window{From: at(from), To: at(to)} }
	kept := now - 45*day + time.Second
	for name, c := range map[string]struct {
		asked, to, answered time.Duration
		whole, covered      store.Window
		isAny               bool
		asOf                adf.Time
	}{
		"young":                    {now, now + day, now, w(now-day, now+day), w(now-day, now), true, at(now)},
		"to come":                  {now, now + day, now, w(now+time.Hour, now+day), w(now, now), true, at(now)},
		"an older half":            {now, now + day, now, w(now-day, now-time.Hour), w(now-day, now-time.Hour), true, 0},
		"its begin is forgotten":   {now, now - 40*day, now, w(now-50*day, now-40*day), w(kept, now-40*day), true, 0},
		"forgotten while read":     {now - 20*time.Hour, now - 40*day, now, w(now-45*day-20*time.Hour, now-40*day), w(kept, now-40*day), true, 0},
		"forgotten":                {now, now - 46*day, now, w(now-60*day, now-46*day), w(0, 0), false, 0},
		"forgotten up to its end":  {now, kept, now, w(now-60*day, kept), w(0, 0), false, 0},
		"laid by a clock days ago": {now, now - 60*day, now, w(now-61*day, now-60*day), w(0, 0), false, 0},
	} {
		r := reading{window: c.whole, asked: at(c.asked), to: at(c.to)}
		covered, asOf, isAny := r.reaches(at(c.answered))
		if isAny != c.isAny || isAny && covered != c.covered || asOf != c.asOf {
			t.Errorf("%s: covers %v, %t, as of %s; want %v, %t, as of %s", name, covered, isAny, asOf, c.covered, c.isAny, c.asOf)
		}
	}
}

// TestThePlanLeavesOutWhatAzureForgot, and what it will have forgotten within a
// minute: else the rest of a window that was cut is asked for again by each poll.
func TestThePlanLeavesOutWhatAzureForgot(t *testing.T) {
	t.Parallel()
	const day, now = 24 * time.Hour, 100 * 24 * time.Hour
	w := func(from, to time.Duration) store.Window { return store.Window{From: at(from), To: at(to)} }
	for name, c := range map[string]struct {
		have []store.Window
		want time.Duration
	}{
		"nothing is covered":           {nil, 45 * day},
		"the rest of a cut window":     {[]store.Window{w(now-45*day+2*time.Second, now)}, 0},
		"more than that":               {[]store.Window{w(now-44*day, now)}, day},
		"a gap that was forgotten":     {[]store.Window{w(0, 40*day), w(now-45*day+time.Second, now)}, 0},
		"a gap that is kept in part":   {[]store.Window{w(0, 40*day), w(now-43*day, now)}, 2 * day},
		"a gap beside a forgotten one": {[]store.Window{w(now-45*day+time.Second, now-30*day), w(now-29*day, now)}, day},
	} {
		if p := planKept(at(0), at(now), at(now), c.have, 0); p.left() != c.want {
			t.Errorf("%s: %s are planned, want %s", name, p.left(), c.want)
		}
	}
}

// TestWhatPutsAFactoryIntoAStateAtOnce: a factory in a subscription that is not
// there for the identity may run on in another tenant, so it is not gone.
func TestWhatPutsAFactoryIntoAStateAtOnce(t *testing.T) {
	t.Parallel()
	for kind, want := range map[azure.Kind]store.State{
		azure.KindNoFactory: store.StateGone, azure.KindNoSubscription: store.StateRefused, azure.KindDisabled: store.StateRefused,
		azure.KindForbidden: store.StateRefused, azure.KindServer: "", azure.KindThrottled: "",
	} {
		if got := stateOf(&azure.Error{Kind: kind}); got != want {
			t.Errorf("%s: %q, want %q", kind, got, want)
		}
	}
	if !isRefusal(&azure.Error{Kind: azure.KindNoSubscription}) {
		t.Error("no other source is asked about a subscription that may be in its tenant")
	}
}
