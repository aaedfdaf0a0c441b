package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"andon/internal/adf"
)

// checkDefinitions looks for pipelines without a version or with another one
// than they should have, and for contents that are lost, spoiled or needed by
// nobody.
func (s *Store) checkDefinitions(ctx context.Context) error {
	var errs []error
	for what, query := range map[string]string{
		"pipelines have no definition": `SELECT count(*) FROM resource r WHERE kind = 'pipelines'
			AND NOT EXISTS (SELECT 1 FROM definition d WHERE d.resource_id = r.id)`,
		"pipelines have another definition than the one read last": `SELECT count(*) FROM resource r JOIN definition d ON d.resource_id = r.id
			JOIN content c ON c.id = d.content_id WHERE r.digest <> c.digest AND d.from_t = (SELECT max(from_t) FROM definition n WHERE n.resource_id = r.id)`,
		"definitions have no content or no pipeline": `SELECT count(*) FROM definition d WHERE NOT EXISTS (SELECT 1 FROM content c WHERE c.id = d.content_id)
			OR NOT EXISTS (SELECT 1 FROM resource r WHERE r.id = d.resource_id AND r.kind = 'pipelines')`,
		"contents belong to no definition":            `SELECT count(*) FROM content c WHERE NOT EXISTS (SELECT 1 FROM definition d WHERE d.content_id = c.id)`,
		"things are gone before they were seen first": "SELECT count(*) FROM resource WHERE changed < since OR gone < changed",
	} {
		errs = append(errs, s.countWrong(ctx, what, query))
	}
	err := newStmt().add("SELECT id, digest, raw FROM content").each(ctx, s.read, func(rows *sql.Rows) error {
		var id int64
		var digest, packed sql.RawBytes
		if err := rows.Scan(&id, &digest, &packed); err != nil {
			return err
		}
		content, err := s.codec.unpack(packed)
		if err != nil || string(digestOf(content)) != string(digest) {
			errs = append(errs, fmt.Errorf("the content %d of definitions is spoiled", id))
		}
		return nil
	})
	return errors.Join(append(errs, s.unavailable(err))...)
}

// countWrong runs a query that counts what is wrong.
func (s *Store) countWrong(ctx context.Context, what, query string) error {
	var n int64
	if err := s.read.QueryRowContext(ctx, query).Scan(&n); err != nil {
		return s.unavailable(fmt.Errorf("count which %s: %w", what, err))
	}
	if n > 0 {
		return fmt.Errorf("%d %s", n, what)
	}
	return nil
}

// checkStates walks the states of each runtime and node: they follow each
// other without overlap, and each is another one than that before.
func (s *Store) checkStates(ctx context.Context) error {
	var before struct {
		id          int64
		key, like   string
		seen        int64
		has, isLast bool
	}
	var wrong int64
	b := newStmt().add(`SELECT resource_id, node_key, from_t, seen, coalesce('+' || state, ''), version, 0 FROM runtime_past
		UNION ALL SELECT resource_id, node_key, from_t, seen, '+' || state, version, 1 FROM runtime_state ORDER BY 1, 2, 3, 7`)
	err := b.each(ctx, s.read, func(rows *sql.Rows) error {
		var id, from, seen int64
		var key, state, version string
		var isNow bool
		if err := rows.Scan(&id, &key, &from, &seen, &state, &version, &isNow); err != nil {
			return err
		}
		like := state + "\n" + version
		if isSame := before.has && before.id == id && before.key == key; from > seen || isSame && (from <= before.seen || like == before.like || before.isLast) {
			wrong++
		}
		before.id, before.key, before.like, before.seen, before.has, before.isLast = id, key, like, seen, true, isNow
		return nil
	})
	if err != nil {
		return s.unavailable(fmt.Errorf("check the states of integration runtimes: %w", err))
	}
	if wrong > 0 {
		return fmt.Errorf("%d states of integration runtimes overlap the one before, or repeat it", wrong)
	}
	return nil
}

// checkLinks compares the columns and links of trigger runs with their rows.
func (s *Store) checkLinks(ctx context.Context) error {
	err := s.countWrong(ctx, "links are of no trigger run", `SELECT count(*) FROM triggered_run l
		WHERE NOT EXISTS (SELECT 1 FROM trigger_run t WHERE t.seq = l.trigger_seq AND t.place_id = l.place_id)`)
	var wrong, seq int64
	var at int64 = -1
	var missing [][]byte
	end := func() {
		if len(missing) > 0 {
			wrong++
		}
	}
	b := newStmt().add(`SELECT t.seq, t.id_key, t.trigger_key, t.status, t.fired, t.flags, t.raw, l.run_id
		FROM trigger_run t LEFT JOIN triggered_run l ON l.trigger_seq = t.seq ORDER BY t.seq`)
	failed := b.each(ctx, s.read, func(rows *sql.Rows) error {
		var key, trigger, status string
		var fired, flags int64
		var packed, link sql.RawBytes
		if err := rows.Scan(&seq, &key, &trigger, &status, &fired, &flags, &packed, &link); err != nil {
			return err
		}
		if seq != at {
			end()
			at = seq
			raw, err := s.codec.unpack(packed)
			if err != nil {
				return err
			}
			r, err := adf.DecodeTriggerRun(raw)
			if err != nil {
				return err
			}
			want := s.arriveTrigger(&r, adf.Time(fired))
			missing = want.runs
			if want.key != key || nameKey(r.TriggerName) != trigger || string(r.Status) != status || want.fired != fired || want.flags != flags&^triggerLog {
				wrong++
			}
		}
		if link == nil {
			return nil
		}
		i := slices.IndexFunc(missing, func(id []byte) bool { return string(id) == string(link) })
		if i < 0 {
			wrong++
			return nil
		}
		missing = slices.Delete(missing, i, i+1)
		return nil
	})
	end()
	if failed != nil {
		return errors.Join(err, s.unavailable(fmt.Errorf("check the links of trigger runs: %w", failed)))
	}
	if wrong > 0 {
		err = errors.Join(err, fmt.Errorf("%d trigger runs or links differ from what Azure said", wrong))
	}
	return err
}

// checkWindows looks for windows that were not merged.
func (s *Store) checkWindows(ctx context.Context) error {
	var errs []error
	for _, in := range []windowTable{coveredRuns(), coveredTriggerRuns()} {
		errs = append(errs, s.countWrong(ctx, "windows of "+in.table+" touch each other or end before they begin",
			"SELECT count(*) FROM "+in.table+" a WHERE to_t < from_t OR EXISTS (SELECT 1 FROM "+in.table+" b WHERE b."+in.factory+" = a."+in.factory+
				" AND b.from_t > a.from_t AND b.from_t <= a.to_t + 1)"))
	}
	return errors.Join(errs...)
}
