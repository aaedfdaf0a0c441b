package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"

	"github.com/ncruces/go-sqlite3"

	"andon/internal/adf"
)

// Definition is a pipeline as it was published at some time.
type Definition struct {
	adf.PipelineDefinition // Raw is made anew of what is stored

	Place Place
	From  adf.Time // in force from then on: it was published, or else first seen, then
	Until adf.Time // until the next version's From; zero for the newest one
	// IsLater says that the version came into force after the time asked for:
	// what the pipeline was before is not known.
	IsLater bool
	Gone    adf.Time // when Azure did not list the pipeline any more first; zero while it does
}

// PutDefinitions stores the pipelines of a reading. A version is kept for each
// content that a pipeline had: one that was published again as it was has the
// same.
func (s *Store) PutDefinitions(ctx context.Context, r Reading, list []adf.PipelineDefinition) error {
	if err := s.checkReading(r); err != nil {
		return err
	}
	contents := make([][]byte, len(list))
	for i := range list {
		contents[i] = list[i].Content()
	}
	if err := s.ensureDictionary(ctx, rawDefinition, len(list), func(i int) []byte { return contents[i] }); err != nil {
		return fmt.Errorf("store %d pipelines: %w", len(list), err)
	}
	arriving := make([]arrivingResource, len(list))
	for i := range list {
		arriving[i] = arrivingResource{name: list[i].Name, etag: list[i].ETag, digest: digestOf(contents[i])}
		contents[i] = s.codec.pack(rawDefinition, contents[i])
	}
	var changed bool
	err := s.submit(ctx, func(w *writer) (err error) {
		changed, err = w.putResources(r, SurroundingPipelines, arriving, func(i int, id int64, change resourceChange) error {
			switch change {
			case resourceChanged:
				return w.addVersion(r, id, &list[i], arriving[i].digest, contents[i])
			case resourceTouched:
				return w.touchVersion(id, &list[i])
			default:
				return nil
			}
		}, func(int64) error { return nil })
		return err
	}, func() { s.publishReading(r, SurroundingPipelines, changed) })
	if err != nil {
		return fmt.Errorf("store %d pipelines: %w", len(list), err)
	}
	return nil
}

// publishReading announces that a reading changed resources of a kind, or that
// what it confirms is fresh again.
func (s *Store) publishReading(r Reading, kind SurroundingKind, changed bool) {
	if changed || !r.Partial {
		s.publishResource(r.Factory, kind)
	}
}

// addVersion stores a content that a pipeline did not have just before.
func (w *writer) addVersion(r Reading, resource int64, d *adf.PipelineDefinition, digest, packed []byte) error {
	var content, newest int64
	if err := w.queryRow("SELECT id FROM content WHERE digest = ?", func(st *sqlite3.Stmt) { content = st.ColumnInt64(0) }, digest); err != nil {
		return err
	}
	if content == 0 {
		if err := w.exec("INSERT INTO content (digest, raw) VALUES (?, ?)", digest, packed); err != nil {
			return err
		}
		content = w.conn.LastInsertRowID()
	}
	err := w.queryRow("SELECT from_t FROM definition WHERE resource_id = ? ORDER BY from_t DESC LIMIT 1", func(st *sqlite3.Stmt) { newest = st.ColumnInt64(0) }, resource)
	if err != nil {
		return err
	}
	// What says that it was published before the version before it, or after
	// it was read, says nothing.
	from := int64(r.AsOf)
	if published := int64(d.LastPublishTime); published > newest && published <= from {
		from = published
	}
	return w.exec("INSERT INTO definition (resource_id, from_t, content_id, etag, published, published_by, seen) VALUES (?, ?, ?, ?, ?, ?, ?)",
		resource, from, content, d.ETag, int64(d.LastPublishTime), optionalText(d.LastModifiedBy), int64(r.AsOf))
}

// touchVersion notes that the newest version was published again.
func (w *writer) touchVersion(resource int64, d *adf.PipelineDefinition) error {
	return w.exec(`UPDATE definition SET etag = ?, published = ?, published_by = ?
		WHERE resource_id = ? AND from_t = (SELECT max(from_t) FROM definition n WHERE n.resource_id = definition.resource_id)`,
		d.ETag, int64(d.LastPublishTime), optionalText(d.LastModifiedBy), resource)
}

func optionalText(s *string) any {
	if s == nil {
		return nil
	}
	return *s
}

// Definition returns the version of a pipeline that was in force at a time, or
// for zero the newest. Where that is not known it returns the oldest that is,
// and says so. factory is a short id, pipeline is compared without regard to
// case. It returns a NotFoundError for a pipeline that was never read.
func (s *Store) Definition(ctx context.Context, factory, pipeline string, at adf.Time) (Definition, error) {
	if err := s.refresh(ctx); err != nil {
		return Definition{}, err
	}
	place, err := s.factoryKey(factory)
	if err != nil {
		return Definition{}, err
	}
	d, err := s.readDefinition(ctx, place, pipeline, at)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Definition{}, &NotFoundError{What: "definition of pipeline " + pipeline}
	case err != nil:
		return Definition{}, s.unavailable(fmt.Errorf("read the definition of pipeline %s: %w", pipeline, err))
	}
	return d, nil
}

// Definitions calls each with every stored version of each pipeline of a factory,
// deleted pipelines included: in the order of their names, and of each from the
// oldest to the newest. Versions may be large, so they are read one by one.
func (s *Store) Definitions(ctx context.Context, factory FactoryKey, each func(*adf.PipelineDefinition)) error {
	b := newStmt().add("SELECT r.name, d.etag, d.published, d.published_by, c.raw FROM resource r JOIN definition d ON d.resource_id = r.id JOIN content c ON c.id = d.content_id WHERE r.place_id = ")
	b.arg(int64(factory)).add(" AND r.kind = ").arg(string(SurroundingPipelines)).add(" ORDER BY r.name_key, d.from_t")
	err := b.each(ctx, s.read, func(rows *sql.Rows) error {
		var name, etag string
		var published adf.Time
		var by sql.NullString
		var packed sql.RawBytes
		if err := rows.Scan(&name, &etag, &published, &by, &packed); err != nil {
			return err
		}
		content, err := s.codec.unpack(packed)
		if err != nil {
			return err
		}
		var publishedBy *string
		if by.Valid {
			publishedBy = &by.String
		}
		d, err := adf.RestorePipelineDefinition(name, etag, published, publishedBy, content)
		if err != nil {
			s.log.WarnContext(ctx, "a stored version of a definition is left out: it can't be read", slog.String("pipeline", name), slog.Any("error", err))
			return nil
		}
		each(&d)
		return nil
	})
	if err != nil {
		return s.unavailable(fmt.Errorf("read the definitions of factory %d: %w", factory, err))
	}
	return nil
}

// definitionColumns reads the version of a pipeline, and when the next one came
// into force.
const definitionColumns = `SELECT d.from_t, d.etag, d.published, d.published_by, c.raw,
	coalesce((SELECT min(n.from_t) FROM definition n WHERE n.resource_id = d.resource_id AND n.from_t > d.from_t), 0)
	FROM definition d JOIN content c ON c.id = d.content_id WHERE d.resource_id = `

func (s *Store) readDefinition(ctx context.Context, place FactoryKey, pipeline string, at adf.Time) (Definition, error) {
	var d Definition
	var resource int64
	var name, etag string
	b := newStmt().add("SELECT id, name, coalesce(gone, 0) FROM resource WHERE place_id = ").arg(int64(place))
	b.add(" AND kind = ").arg(string(SurroundingPipelines)).add(" AND name_key = ").arg(nameKey(pipeline))
	if err := s.read.QueryRowContext(ctx, b.text.String(), b.args...).Scan(&resource, &name, &d.Gone); err != nil {
		return Definition{}, err
	}
	read := func(b *stmt) error {
		var published adf.Time
		var by sql.NullString
		var packed []byte
		if err := s.read.QueryRowContext(ctx, b.text.String(), b.args...).Scan(&d.From, &etag, &published, &by, &packed, &d.Until); err != nil {
			return err
		}
		content, err := s.codec.unpack(packed)
		if err != nil {
			return err
		}
		var publishedBy *string
		if by.Valid {
			publishedBy = &by.String
		}
		d.PipelineDefinition, err = adf.RestorePipelineDefinition(name, etag, published, publishedBy, content)
		return err
	}
	d.Place, _ = s.dicts.place(place)
	b = newStmt().add(definitionColumns).arg(resource)
	if !at.IsZero() {
		b.add(" AND d.from_t <= ").arg(int64(at))
	}
	err := read(b.add(" ORDER BY d.from_t DESC LIMIT 1"))
	if errors.Is(err, sql.ErrNoRows) {
		d.IsLater = true
		err = read(newStmt().add(definitionColumns).arg(resource).add(" ORDER BY d.from_t LIMIT 1"))
	}
	return d, err
}
