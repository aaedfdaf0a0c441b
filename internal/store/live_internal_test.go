package store

import (
	"testing"
	"time"
)

func receive(t *testing.T, sub *Subscription) Change {
	t.Helper()
	select {
	case c := <-sub.C():
		return c
	case <-time.After(10 * time.Second):
		t.Fatal("no change came")
	}
	return Change{}
}

// TestAResumeTooFarBackIsAGap: a subscriber up to 256 changes behind gets them
// all, one that is further behind gets a gap at the newest change.
func TestAResumeTooFarBackIsAGap(t *testing.T) {
	t.Parallel()
	f := newFeed()
	defer f.close()
	f.publish(make([]Change, 600))
	for _, tt := range []struct {
		name  string
		after uint64
		want  Change
	}{
		{"256 behind", 344, Change{Seq: 345}},
		{"257 behind", 343, Change{Seq: 600, Kind: ChangeGap}},
		{"599 behind", 1, Change{Seq: 600, Kind: ChangeGap}},
		{"of another process", 601, Change{Seq: 600, Kind: ChangeGap}},
	} {
		sub := f.subscribe(tt.after)
		got := receive(t, sub)
		if got.Seq != tt.want.Seq || got.Kind != tt.want.Kind {
			t.Errorf("%s: got %+v first, want %+v", tt.name, got, tt.want)
		}
		for last := got.Seq; last < 600; {
			c := receive(t, sub)
			if c.Seq != last+1 || c.Kind == ChangeGap {
				t.Fatalf("%s: after %d came %+v", tt.name, last, c)
			}
			last = c.Seq
		}
		sub.Close()
	}
}

// TestAGapKeepsItsPosition: the position of a gap is that of the subscription.
// A change that is committed before the gap is received comes after it.
func TestAGapKeepsItsPosition(t *testing.T) {
	t.Parallel()
	f := newFeed()
	defer f.close()
	f.publish(make([]Change, 5))
	sub := f.subscribe(1_000)
	defer sub.Close()
	f.publish(make([]Change, 1))
	if c := receive(t, sub); c.Kind != ChangeGap || c.Seq != 5 {
		t.Errorf("first came %+v, want a gap at 5", c)
	}
	if c := receive(t, sub); c.Kind == ChangeGap || c.Seq != 6 {
		t.Errorf("then came %+v, want change 6", c)
	}
}
