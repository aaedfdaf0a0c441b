package api

import (
	"context"

	"github.com/danielgtaylor/huma/v2"
)

// Health says how the server is.
type Health struct {
	Status string `json:"status" enum:"ok,ready" doc:"ok: the server is alive. ready: its store can be asked too."`
}

func (a *board) registerHealth() {
	register(a, huma.Operation{
		OperationID: "healthz", Path: "/healthz", Tags: []string{"server"},
		Summary: "Tell whether the server is alive",
	}, func(context.Context, *struct{}) (Health, error) { return Health{Status: "ok"}, nil })
	register(a, huma.Operation{
		OperationID: "readyz", Path: "/readyz", Tags: []string{"server"},
		Summary: "Tell whether the server can answer: its store is open and up to date",
	}, func(ctx context.Context, _ *struct{}) (Health, error) {
		return Health{Status: "ready"}, a.store.Ready(ctx)
	})
}
