package collector

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"andon/internal/store"
)

// TestRangesThatTouchAreReadOnce: who presses a button twice gets one reading,
// unless it has begun, and ranges that lie apart stay apart.
func TestRangesThatTouchAreReadOnce(t *testing.T) {
	t.Parallel()
	hours := func(from, to int) store.Window {
		return store.Window{From: at(time.Duration(from) * time.Hour), To: at(time.Duration(to) * time.Hour)}
	}
	o := newOrders()
	first := o.add(hours(2, 4), at(0))
	if second := o.add(hours(3, 6), at(0)); second != first {
		t.Error("a range that overlaps a waiting one is another order")
	}
	apart := o.add(hours(8, 9), at(0))
	if apart == first {
		t.Error("ranges that lie apart are one order")
	}
	if w := first.begin(); w != hours(2, 6) {
		t.Errorf("read is %v", w)
	}
	if third := o.add(hours(2, 4), at(0)); third == first {
		t.Error("a range that is being read is made longer")
	}
	first.end(errors.New("broken"), at(1))
	var states []RereadState
	for _, r := range o.all() {
		states = append(states, r.State)
	}
	if diff := cmp.Diff([]RereadState{RereadWaiting, RereadWaiting, RereadFailed}, states); diff != "" {
		t.Error(diff)
	}
}
