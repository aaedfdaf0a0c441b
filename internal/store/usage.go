package store

import (
	"context"
	"database/sql"
	"fmt"

	"andon/internal/adf"
)

// UsageKey is what requests to Azure are counted by.
type UsageKey struct {
	Factory FactoryKey // 0: calls that concern no factory
	Source  string
	Purpose string // of internal/azure/budget
}

// Usage counts requests to Azure.
type Usage struct {
	Requests  int64
	Records   int64 // run records received: Azure's price of monitoring is by them
	Throttled int64 // of Requests, those that met a limit
	Failed    int64 // of Requests, those without a usable answer
}

// Add returns the sum of both.
func (u Usage) Add(v Usage) Usage {
	return Usage{u.Requests + v.Requests, u.Records + v.Records, u.Throttled + v.Throttled, u.Failed + v.Failed}
}

// usageDays is how many days of usage are kept.
const usageDays = 400

// AddUsage adds to the hour that now lies in.
func (s *Store) AddUsage(ctx context.Context, used map[UsageKey]Usage) error {
	if len(used) == 0 {
		return nil
	}
	hour := int64(adf.TimeOf(s.now())) / hourTicks
	err := s.submit(ctx, func(w *writer) error {
		for key, u := range used {
			err := w.exec(`INSERT INTO usage_hour (hour, factory_id, source, purpose, requests, records, throttled, failed) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
				ON CONFLICT (hour, factory_id, source, purpose) DO UPDATE SET requests = requests + excluded.requests,
				records = records + excluded.records, throttled = throttled + excluded.throttled, failed = failed + excluded.failed`,
				hour, key.Factory, key.Source, key.Purpose, u.Requests, u.Records, u.Throttled, u.Failed)
			if err != nil {
				return err
			}
		}
		return w.exec("DELETE FROM usage_hour WHERE hour < ?", hour-usageDays*24)
	}, nil)
	if err != nil {
		return fmt.Errorf("store what requests to Azure used: %w", err)
	}
	return nil
}

// UsageSince sums up what was used since the hour that from lies in.
func (s *Store) UsageSince(ctx context.Context, from adf.Time) (map[UsageKey]Usage, error) {
	out := map[UsageKey]Usage{}
	b := newStmt().add("SELECT factory_id, source, purpose, sum(requests), sum(records), sum(throttled), sum(failed) FROM usage_hour WHERE hour >= ")
	b.arg(int64(from) / hourTicks).add(" GROUP BY 1, 2, 3")
	err := b.each(ctx, s.read, func(rows *sql.Rows) error {
		var key UsageKey
		var u Usage
		if err := rows.Scan(&key.Factory, &key.Source, &key.Purpose, &u.Requests, &u.Records, &u.Throttled, &u.Failed); err != nil {
			return err
		}
		out[key] = u
		return nil
	})
	if err != nil {
		return nil, s.unavailable(fmt.Errorf("read what requests to Azure used: %w", err))
	}
	return out, nil
}
