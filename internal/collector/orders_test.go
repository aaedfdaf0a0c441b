package collector

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"andon/internal/adf"
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
	if apart == first || apart.get().Ordered == first.get().Ordered {
		t.Error("ranges that lie apart are one order, or can't be told apart")
	}
	if w, err := first.begin(at(10 * time.Hour)); err != nil || w != hours(2, 6) {
		t.Errorf("read is %v, %v", w, err)
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

// TestAnOrderedRangeIsCutWhenItIsRead: what Azure forgot while the range waited
// is not said to have been read.
func TestAnOrderedRangeIsCutWhenItIsRead(t *testing.T) {
	t.Parallel()
	day := func(n int) adf.Time { return at(time.Duration(n) * 24 * time.Hour) }
	o := newOrders()
	made := o.add(store.Window{From: day(0), To: day(10)}, day(45))
	want := store.Window{From: day(2), To: day(10)}
	if w, err := made.begin(day(47)); err != nil || w != want || made.get().Window != want {
		t.Errorf("read is %v, %v, and shown is %v; want %v", w, err, made.get().Window, want)
	}
	late := o.add(store.Window{From: day(0), To: day(1)}, day(45))
	if w, err := late.begin(day(46)); err == nil || !strings.Contains(err.Error(), "Azure keeps nothing from before") {
		t.Errorf("read is %v, %v, and Azure has forgotten all of it", w, err)
	}
}
