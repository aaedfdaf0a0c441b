package app

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"andon/internal/api"
	"andon/internal/config"
	"andon/internal/doctor"
)

// examined makes checks of a source contoso that find what found holds, each
// within 100 ms.
func examined(t *testing.T, found *doctor.SourceReport) (c *checks, times, heard *int) {
	t.Helper()
	times, heard = new(int), new(int)
	ctx, end := context.WithCancel(t.Context())
	c = &checks{
		options: Options{Config: config.Config{Sources: []config.Source{{Name: "contoso"}}}, Now: time.Now},
		ctx:     ctx, end: end, last: map[string]*check{},
		examine: func(ctx context.Context, _ config.Source) doctor.SourceReport {
			*times++
			sleep(ctx, 100*time.Millisecond)
			return *found
		},
		askAgain: func(string) { *heard++ },
	}
	return c, times, heard
}

// TestChecksOfASourceRest: whoever asks for checks without end gets one in ten
// seconds, and one a second while nobody can sign in.
func TestChecksOfASourceRest(t *testing.T) {
	t.Parallel()
	factories := []doctor.FactoryReport{{Name: "adf"}}
	for name, c := range map[string]struct {
		found  doctor.SourceReport
		pause  time.Duration
		waited bool // the next is waited for, and not answered with the last
		heard  int  // how often the factories are asked at once
	}{
		"ok":               {doctor.SourceReport{Status: doctor.OK, Factories: factories}, 10 * time.Second, false, 2},
		"a warning":        {doctor.SourceReport{Status: doctor.Warning, Factories: factories}, 10 * time.Second, false, 2},
		"a broken factory": {doctor.SourceReport{Status: doctor.Failed, Factories: factories}, 10 * time.Second, true, 0},
		"no token":         {doctor.SourceReport{Status: doctor.Failed}, time.Second, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				checks, times, heard := examined(t, &c.found)
				defer checks.stop()
				began := time.Now()
				ask := func(wantTimes int, wantAfter time.Duration) {
					t.Helper()
					got := checks.check(t.Context(), "Contoso", true)
					if got.State != "done" || got.Report.Value == nil || got.Report.Value.Status != string(c.found.Status) {
						t.Errorf("answered %+v", got)
					}
					if *times != wantTimes || time.Since(began) != wantAfter {
						t.Errorf("after %s it was examined %d times, want %d after %s", time.Since(began), *times, wantTimes, wantAfter)
					}
				}
				const one = 100 * time.Millisecond
				ask(1, one)
				if c.waited {
					ask(2, one+c.pause+one)
				} else {
					ask(1, one)
					sleep(t.Context(), c.pause)
					ask(2, one+c.pause+one)
				}
				if *heard != c.heard {
					t.Errorf("factories were asked at once %d times, want %d", *heard, c.heard)
				}
			})
		})
	}
}

// TestACheckThatWaitsIsShared: two who ask while the pause after a failed check
// lasts wait for the same one, which a stop ends.
func TestACheckThatWaitsIsShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		checks, times, _ := examined(t, &doctor.SourceReport{Status: doctor.Failed})
		checks.check(t.Context(), "contoso", true)
		answers := make(chan api.SourceCheck, 2)
		for range 2 {
			go func() { answers <- checks.check(t.Context(), "contoso", true) }()
		}
		synctest.Wait()
		if got := checks.check(t.Context(), "contoso", false); got.State != "running" || got.Report.Value == nil {
			t.Errorf("while it waits: %+v", got)
		}
		for range 2 {
			if got := <-answers; got.State != "done" || *times != 2 {
				t.Errorf("examined %d times, answered %+v", *times, got)
			}
		}
		go func() { answers <- checks.check(t.Context(), "contoso", true) }()
		synctest.Wait()
		checks.stop()
		if got := <-answers; *times != 2 || got.Report.Value == nil {
			t.Errorf("stopped: examined %d times, answered %+v", *times, got)
		}
		if got := checks.check(t.Context(), "contoso", true); *times != 2 || got.Report.Value == nil {
			t.Errorf("after the stop: examined %d times, answered %+v", *times, got)
		}
	})
}
