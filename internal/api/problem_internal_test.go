package api

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"andon/internal/store"
)

// TestABusyStoreAsksToTryAgain: a large query that is refused says when to try
// again, in the header that clients obey and in words.
func TestABusyStoreAsksToTryAgain(t *testing.T) {
	t.Parallel()
	a := &board{logger: slog.New(slog.DiscardHandler)}
	p := a.problemOf(t.Context(), &store.BusyError{What: "34 large queries run or wait already", Next: "choose a shorter range"})
	w := httptest.NewRecorder()
	p.write(w)
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "5" || p.GetHeaders().Get("Retry-After") != "5" ||
		p.Detail != "34 large queries run or wait already. Choose a shorter range." || p.Title != "Too many large queries" {
		t.Errorf("%d %v %+v", w.Code, w.Header(), p)
	}
	if h := newProblem(http.StatusNotFound, "Not found", "").GetHeaders(); h != nil {
		t.Errorf("another problem has headers %v", h)
	}
}
