package emulator_test

import (
	"bytes"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"andon/internal/emulator"
)

func TestScenariosAreListedForPeople(t *testing.T) {
	t.Parallel()
	var names []string
	for _, s := range emulator.Scenarios() {
		names = append(names, s.Name)
		if s.What == "" {
			t.Errorf("nothing says what %s is", s.Name)
		}
	}
	if len(names) != 6 || names[0] != emulator.DefaultScenario {
		t.Errorf("the scenarios are %v", names)
	}
}

func TestBankShowsFortyFactoriesToItsMainIdentity(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Scenario: "bank", Size: 3000})
	var subscriptions struct {
		Value []struct {
			SubscriptionID string `json:"subscriptionId"`
		}
	}
	b.decode(b.arm("GET", "/subscriptions?api-version=2022-12-01", ""), http.StatusOK, &subscriptions)
	factories, withRuns := 0, 0
	for _, s := range subscriptions.Value {
		path := "/subscriptions/" + s.SubscriptionID + "/providers/Microsoft.DataFactory/factories"
		var page struct{ Value []struct{ ID string } }
		b.decode(b.arm("GET", path, ""), http.StatusOK, &page)
		for _, f := range page.Value {
			factories++
			if len(b.query(f.ID, everything).Value) > 0 {
				withRuns++
			}
		}
	}
	if len(subscriptions.Value) != 8 || factories != 40 || withRuns < 35 {
		t.Errorf("%d subscriptions, %d factories, %d of them with runs", len(subscriptions.Value), factories, withRuns)
	}
}

func TestQuietAnswersWithNothingUntilARunIsOrdered(t *testing.T) {
	t.Parallel()
	still := stoppedClock()
	b := setup(t, emulator.Options{Scenario: "quiet", Size: 5000, Now: still.now})
	still.advance(30 * time.Hour)
	for _, f := range b.info.Factories {
		if n := len(b.query(f, everything).Value); n != 0 {
			t.Fatalf("%s has %d runs", f, n)
		}
	}
	r := b.startRun("pl_readings_load", "Succeeded", "", 1000)
	still.advance(2 * time.Second)
	rows := b.query(b.info.Factories[0], everything).Value
	if len(rows) != 1 || rows[0]["runId"] != r["runId"] || rows[0]["status"] != "Succeeded" {
		t.Errorf("after one ordered run the rows are %v", rows)
	}
}

// TestPagesAskedAtOnceAreWhole holds that the memory of a written page is not used again too early.
func TestPagesAskedAtOnceAreWhole(t *testing.T) {
	t.Parallel()
	still := stoppedClock()
	b := setup(t, emulator.Options{Size: 5000, Now: still.now})
	path := b.info.Factories[0] + "/queryPipelineRuns"
	want := rawPages(b, path)
	var reading sync.WaitGroup
	for range 6 {
		reading.Go(func() {
			rest := want
			body := everything
			for len(rest) > 0 {
				a, err := b.tryARM("POST", path, body)
				page, after, _ := bytes.Cut(rest, []byte("\n"))
				if err != nil || !bytes.Equal(a.body, page) {
					t.Errorf("a page of %d bytes came as %d others: %v", len(page), len(a.body), err)
					return
				}
				rest = after
				if _, token, ok := bytes.Cut(page, []byte(`"continuationToken":`)); ok {
					body = strings.TrimSuffix(everything, "}") + `,"continuationToken":` + string(token)
				}
			}
		})
	}
	reading.Wait()
}

func TestEveryScenarioHasItsDefinitions(t *testing.T) {
	t.Parallel()
	for _, s := range emulator.Scenarios() {
		b := setup(t, emulator.Options{Scenario: s.Name, Size: 600})
		for _, f := range b.info.Factories {
			for _, kind := range []string{"pipelines", "triggers", "linkedservices", "datasets", "integrationRuntimes"} {
				var page struct {
					Value []struct{ Name string }
				}
				b.decode(b.arm("GET", f+"/"+kind, ""), http.StatusOK, &page)
				if len(page.Value) == 0 && kind == "pipelines" {
					t.Errorf("%s: %s has no %s", s.Name, f, kind)
				}
			}
		}
	}
}
