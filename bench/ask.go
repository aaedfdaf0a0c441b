package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// board asks a running server.
type board struct {
	address string
	client  *http.Client
	now     func() time.Time
}

// get returns an answer's body, and how long it took from the request to the
// last byte.
func (b *board) get(ctx context.Context, path string) (body []byte, took time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.address+path, http.NoBody)
	if err != nil {
		return nil, 0, err
	}
	start := b.now()
	resp, err := b.client.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	body, err = io.ReadAll(resp.Body)
	took = b.now().Sub(start)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: %s: %.500s", path, resp.Status, body)
	}
	return body, took, err
}

// row is what the queries pick of a listed run.
type row struct {
	RunID      string `json:"runId"`
	Factory    string `json:"factory"`
	RunGroupID string `json:"runGroupId"`
	Activities string `json:"activities"`
	InvokedBy  *struct {
		PipelineRunID string `json:"pipelineRunId"`
	} `json:"invokedBy"`
}

// list returns a page of runs and the cursor of the next one, "" at the end.
func (b *board) list(ctx context.Context, query url.Values) ([]row, string, error) {
	body, _, err := b.get(ctx, "/api/v1/runs?"+query.Encode())
	if err != nil {
		return nil, "", err
	}
	var page struct {
		Items      []row  `json:"items"`
		NextCursor string `json:"nextCursor"`
	}
	if err := json.Unmarshal(body, &page); err != nil {
		return nil, "", fmt.Errorf("the list of runs: %w", err)
	}
	return page.Items, page.NextCursor, nil
}

// shorts returns the short ids of the factories.
func (b *board) shorts(ctx context.Context) ([]string, error) {
	body, _, err := b.get(ctx, "/api/v1/factories")
	if err != nil {
		return nil, err
	}
	var page struct {
		Items []struct {
			Factory string `json:"factory"`
			Runs    int64  `json:"runs"`
		} `json:"items"`
	}
	if err := json.Unmarshal(body, &page); err != nil {
		return nil, fmt.Errorf("the list of factories: %w", err)
	}
	var out []string
	for _, f := range page.Items {
		if f.Runs > 0 {
			out = append(out, f.Factory)
		}
	}
	return out, nil
}
