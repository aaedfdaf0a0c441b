package doctor

import (
	"fmt"
	"time"

	"andon/internal/azure"
)

const (
	clockWarning = 30 * time.Second
	// clockFailure is what Entra ID tolerates in a signed request, and what
	// tells a valid token from an expired one.
	clockFailure = 5 * time.Minute
)

// clockStep compares this machine's clock with those of the hosts that
// answered. The farthest counts.
func clockStep(heard []azure.Reached) Step {
	s := Step{Step: StepClock}
	var worstOff time.Duration
	host := ""
	for _, r := range heard {
		if r.Date.IsZero() {
			continue
		}
		if off := clockOff(r); host == "" || off.Abs() > worstOff.Abs() {
			worstOff, host = off, r.Host
		}
	}
	if host == "" {
		return notReached(StepClock, "nobody told the time")
	}
	s.What = fmt.Sprintf("this machine's clock is right to within %s by %s", atLeastASecond(worstOff), host)
	switch {
	case worstOff.Abs() > clockFailure:
		s.Status = Failed
	case worstOff.Abs() > clockWarning:
		s.Status = Warning
	default:
		s.Status = OK
		return s
	}
	direction := "behind"
	if worstOff > 0 {
		direction = "ahead of"
	}
	s.What = fmt.Sprintf("this machine's clock is %s %s that of %s", worstOff.Abs().Round(time.Second), direction, host)
	s.Evidence = &Evidence{Host: host, Call: "Date"}
	s.Advice, s.Command = "set the clock from the network", azure.SetClock
	return s
}

// clockOff is how far this machine's clock is ahead of the host's; negative
// where it is behind. The Date header holds whole seconds, so half a second is
// added to it, and the host looked at its clock between sending and receiving.
func clockOff(r azure.Reached) time.Duration {
	middle := r.Sent.Add(r.Received.Sub(r.Sent) / 2)
	off := middle.Sub(r.Date.Add(500 * time.Millisecond))
	// What lies within the answer's time and the second is no difference.
	if off.Abs() <= r.Received.Sub(r.Sent)/2+500*time.Millisecond {
		return 0
	}
	return off
}

func atLeastASecond(d time.Duration) time.Duration {
	return max(d.Abs().Round(time.Second), time.Second)
}
