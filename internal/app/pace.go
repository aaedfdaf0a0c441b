package app

import (
	"fmt"
	"math"
	"time"

	"andon/internal/collector"
)

// paceWords says where polls come later than wanted, half a sentence, and what
// to do about it, by the first of paces. Both are "" for none.
func paceWords(paces []collector.Pace, share float64) (what, advice string) {
	if len(paces) == 0 {
		return "", ""
	}
	p := paces[0]
	every := time.Duration(math.Ceil(p.Every.Seconds())) * time.Second
	who, all := "the only factory", "it"
	if p.Factories > 1 {
		who, all = fmt.Sprintf("the %d factories", p.Factories), "all of them"
	}
	what = fmt.Sprintf("%s of subscription %s can be asked every %s only, not every %s: the budget allows %.4g requests/s for %s",
		who, p.Subscription, every, p.Wanted, p.PerSecond, all)
	advice = fmt.Sprintf("set poll to %s", every)
	// Rounded up, to two digits: as much is enough.
	if needed := math.Ceil(100*share*p.Every.Seconds()/p.Wanted.Seconds()) / 100; needed <= 1 {
		advice += fmt.Sprintf(", or budget to %.2f instead of %.4g", needed, share)
	}
	if len(paces) > 1 {
		advice += "; other subscriptions are held back too, less than this one"
	}
	return what, advice
}
