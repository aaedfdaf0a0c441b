package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
)

const defaultLimit = 100

// Runs returns a page of the list of runs. It returns an InvalidError for an
// unknown factory, sort or limit, for a text of more than 8 words, and for a
// cursor of another list, and a BusyError while too many large queries wait.
func (s *Store) Runs(ctx context.Context, q RunQuery) (RunPage, error) {
	if err := s.refresh(ctx); err != nil {
		return RunPage{}, err
	}
	if q.Sort == "" {
		q.Sort = SortNewest
	}
	if q.Limit == 0 {
		q.Limit = defaultLimit
	}
	after, err := q.check()
	if err != nil {
		return RunPage{}, err
	}
	sc, err := s.resolve(q.RunFilter)
	if err != nil {
		return RunPage{}, err
	}
	rows, err := s.listRows(ctx, &sc, q.Sort)
	if err != nil {
		return RunPage{}, s.unavailable(fmt.Errorf("list runs: %w", err))
	}
	ctx, leave, err := s.admit(ctx, rows)
	if err != nil {
		return RunPage{}, err
	}
	defer leave()
	places, err := s.list(ctx, &sc, q.Sort, after, q.Limit+1)
	if err != nil {
		return RunPage{}, s.unavailable(fmt.Errorf("list runs: %w", err))
	}
	page := RunPage{}
	if len(places) > q.Limit {
		places = places[:q.Limit]
		page.NextCursor = encodeCursor(q, places[q.Limit-1])
	}
	keys := make([]RunKey, len(places))
	for i, p := range places {
		keys[i] = p.key
	}
	if page.Runs, err = s.loadRuns(ctx, keys); err != nil {
		return RunPage{}, err
	}
	page.AsOf, err = s.asOf(ctx, sc.factories)
	return page, err
}

// check returns the place that the page begins after.
func (q RunQuery) check() (listPlace, error) {
	switch q.Sort {
	case SortNewest, SortOldest, SortLongest, SortShortest:
	default:
		return listPlace{}, &InvalidError{Field: "sort", Problem: fmt.Sprintf("%q is not known; allowed: %s, %s, %s, %s", q.Sort, SortNewest, SortOldest, SortLongest, SortShortest)}
	}
	if q.Limit < 1 || q.Limit > MaxLimit {
		return listPlace{}, &InvalidError{Field: "limit", Problem: fmt.Sprintf("is 1 to %d, not %d", MaxLimit, q.Limit)}
	}
	if err := checkWords(q.Q); err != nil {
		return listPlace{}, err
	}
	if q.Cursor == "" {
		return unbounded(q.Sort.desc()), nil
	}
	return decodeCursor(q)
}

func (s Sort) desc() bool { return s == SortNewest || s == SortLongest }

// list returns up to n places after one, in order.
func (s *Store) list(ctx context.Context, sc *scope, by Sort, after listPlace, n int) ([]listPlace, error) {
	switch {
	case sc.empty || sc.from >= sc.to:
		return nil, nil
	case sc.q != "":
		return s.listByText(ctx, sc, by, after, n)
	default:
		return s.listWithoutText(ctx, sc, by, after, n)
	}
}

func (s *Store) listWithoutText(ctx context.Context, sc *scope, by Sort, after listPlace, n int) ([]listPlace, error) {
	if by == SortNewest || by == SortOldest {
		return s.listByTime(ctx, sc, by.desc(), after, n)
	}
	rows, err := s.estimate(ctx, sc)
	if err != nil {
		return nil, err
	}
	if rows < sortRows || sc.onlyRecovery(codeOpen) {
		return s.listSorted(ctx, sc, by.desc(), after, n)
	}
	return s.listByBucket(ctx, sc, by.desc(), after, n)
}

// listByTime merges the branches of a scope without text.
func (s *Store) listByTime(ctx context.Context, sc *scope, desc bool, after listPlace, n int) ([]listPlace, error) {
	p, err := s.plan(ctx, sc)
	if err != nil {
		return nil, err
	}
	var out []listPlace
	for part := range slices.Chunk(p.branches(), maxBranches) {
		found, err := s.places(ctx, timeStmt(sc, part, desc, after, n))
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return firstPlaces(out, desc, n), nil
}

// timeStmt merges branches, each of which its index walks in order of time.
func timeStmt(sc *scope, part []branch, desc bool, after listPlace, n int) *stmt {
	b := newStmt()
	for i, br := range part {
		if i > 0 {
			b.add(" UNION ALL ")
		}
		b.add("SELECT seq, run_start FROM run").index(br.index).add(" WHERE ", br.cond)
		sc.where(b)
		keyset(b, "run_start", desc, after)
	}
	return b.add(" ORDER BY 2", direction(desc), ", 1", direction(desc), " LIMIT ").arg(int64(n))
}

func direction(desc bool) string {
	if desc {
		return " DESC"
	}
	return ""
}

// keyset appends the condition that a run comes after a place.
func keyset(b *stmt, column string, desc bool, after listPlace) {
	keysetOn(b, column, "seq", desc, after)
}

func keysetOn(b *stmt, column, key string, desc bool, after listPlace) {
	if after == unbounded(desc) {
		return
	}
	op := ">"
	if desc {
		op = "<"
	}
	b.add(" AND (", column, ", ", key, ") ", op, " (").arg(after.by).add(", ").arg(int64(after.key)).add(")")
}

// places reads rows of key and what the list is sorted by.
func (s *Store) places(ctx context.Context, b *stmt) ([]listPlace, error) {
	var out []listPlace
	err := b.each(ctx, s.read, func(rows *sql.Rows) error {
		var p listPlace
		if err := rows.Scan(&p.key, &p.by); err != nil {
			return err
		}
		out = append(out, p)
		return nil
	})
	return out, err
}

// firstPlaces merges what several statements found.
func firstPlaces(list []listPlace, desc bool, n int) []listPlace {
	slices.SortFunc(list, func(a, b listPlace) int {
		if desc {
			a, b = b, a
		}
		return cmp.Or(cmp.Compare(a.by, b.by), cmp.Compare(a.key, b.key))
	})
	list = slices.Compact(list)
	return list[:min(n, len(list))]
}

// durationKey is what a list by duration is sorted by: unknown ones come last.
func durationKey(desc bool) string {
	if desc {
		return "iif(dur_b = 0, -1, duration_ms)"
	}
	return fmt.Sprintf("iif(dur_b = 0, %d, duration_ms)", int64(math.MaxInt64))
}

// listSorted sorts the few runs of a scope by duration.
func (s *Store) listSorted(ctx context.Context, sc *scope, desc bool, after listPlace, n int) ([]listPlace, error) {
	p, err := s.plan(ctx, sc)
	if err != nil {
		return nil, err
	}
	b := newStmt().add("SELECT seq, ", durationKey(desc), " FROM run")
	p.addTo(b)
	sc.where(b)
	keyset(b, durationKey(desc), desc, after)
	b.add(" ORDER BY 2", direction(desc), ", 1", direction(desc), " LIMIT ").arg(int64(n))
	return s.places(ctx, b)
}

// listByBucket walks the buckets of duration until the page is full, and then
// those of unknown duration.
func (s *Store) listByBucket(ctx context.Context, sc *scope, desc bool, after listPlace, n int) ([]listPlace, error) {
	buckets, err := s.bucketsFrom(ctx, 1)
	if err != nil {
		return nil, err
	}
	if desc {
		slices.Reverse(buckets)
	}
	var out []listPlace
	for _, bucket := range append(buckets, 0) {
		if !bucketAfter(bucket, desc, after) {
			continue
		}
		b := newStmt().add("SELECT seq, ", durationKey(desc), " FROM run").index("run_duration").add(" WHERE dur_b = ").num(bucket)
		sc.where(b)
		keyset(b, durationKey(desc), desc, after)
		b.add(" ORDER BY 2", direction(desc), ", 1", direction(desc), " LIMIT ").arg(int64(n - len(out)))
		found, err := s.places(ctx, b)
		if err != nil {
			return nil, err
		}
		if out = append(out, found...); len(out) >= n {
			break
		}
	}
	return out, nil
}

// bucketAfter reports whether a bucket can hold a run after a place.
func bucketAfter(bucket int64, desc bool, after listPlace) bool {
	if after == unbounded(desc) || bucket == 0 {
		return true
	}
	if desc {
		return after.by >= 0 && bucket <= durationBucket(&after.by)
	}
	return after.by != math.MaxInt64 && bucket >= durationBucket(&after.by)
}

// listByText merges three ways in which a text is found: words of a failure's
// message, part of a pipeline's name, the start of a runId.
func (s *Store) listByText(ctx context.Context, sc *scope, by Sort, after listPlace, n int) ([]listPlace, error) {
	plain := *sc
	plain.q = ""
	column, messages := "run_start", s.listByMessage
	if by == SortLongest || by == SortShortest {
		column, messages = durationKey(by.desc()), s.listMessagesByDuration
	}
	out, err := messages(ctx, &plain, sc.q, by.desc(), after, n)
	if err != nil {
		return nil, err
	}
	if named := s.pipelinesLike(sc); len(named) > 0 {
		byName := plain
		byName.pipelines, byName.named = named, true
		found, err := s.listWithoutText(ctx, &byName, by, after, n)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	for _, r := range idPrefixRanges(sc.q) {
		b := newStmt().add("SELECT seq, ", column, " FROM run").index("run_segment").add(" WHERE seq >> 13 IN ").nums(s.seen.allSegments())
		b.add(" AND run_id BETWEEN ").arg(r[0]).add(" AND ").arg(r[1])
		plain.where(b)
		keyset(b, column, by.desc(), after)
		b.add(" ORDER BY 2", direction(by.desc()), ", 1", direction(by.desc()), " LIMIT ").arg(int64(n))
		found, err := s.places(ctx, b)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return firstPlaces(out, by.desc(), n), nil
}

// pipelinesLike returns the pipelines in a scope whose name holds its text.
func (s *Store) pipelinesLike(sc *scope) []int64 {
	part := strings.ToLower(sc.q)
	return s.dicts.pipelineIDs(func(id int64, p pipeline) bool {
		return strings.Contains(strings.ToLower(p.name), part) &&
			(sc.factories == nil || holds(sc.factories, int64(p.factory))) &&
			(sc.pipelines == nil || holds(sc.pipelines, id))
	})
}

// listByMessage walks the matches in order of their ids, which is that of
// their run_start to the microsecond: so it reads on to the end of the
// microsecond in which the page is full.
func (s *Store) listByMessage(ctx context.Context, sc *scope, q string, desc bool, after listPlace, n int) ([]listPlace, error) {
	match := matchWords(q)
	if match == "" {
		return nil, nil
	}
	low, high := messageRange(sc, desc, after)
	b := newStmt().add("SELECT run.seq, run.run_start, run_search.rowid >> ").num(messageTieBits)
	fromMessages(b, match, low, high)
	sc.where(b)
	keysetOn(b, "run.run_start", "run.seq", desc, after)
	b.add(" ORDER BY run_search.rowid", direction(desc))
	rows, err := b.query(ctx, s.read)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var out []listPlace
	var micro, last int64
	for rows.Next() {
		var p listPlace
		if err := rows.Scan(&p.key, &p.by, &micro); err != nil {
			return nil, err
		}
		if len(out) >= n && micro != last {
			return out, nil
		}
		out, last = append(out, p), micro
	}
	return out, rows.Err()
}

// fromMessages appends the runs whose message matches, in order of the ids of
// their messages.
func fromMessages(b *stmt, match string, low, high int64) {
	b.add(" FROM run_search CROSS JOIN run_message ON run_message.id = run_search.rowid CROSS JOIN run ON run.seq = run_message.seq WHERE run_search MATCH ").arg(match)
	b.add(" AND run_search.rowid BETWEEN ").arg(low).add(" AND ").arg(high)
}

// listMessagesByDuration reads all matches once and keeps the first n: they
// have no index by duration.
func (s *Store) listMessagesByDuration(ctx context.Context, sc *scope, q string, desc bool, after listPlace, n int) ([]listPlace, error) {
	match := matchWords(q)
	if match == "" {
		return nil, nil
	}
	low, high := messageRange(sc, desc, unbounded(desc))
	b := newStmt().add("SELECT run.seq, ", durationKey(desc))
	fromMessages(b, match, low, high)
	sc.where(b)
	keysetOn(b, durationKey(desc), "run.seq", desc, after)
	b.add(" ORDER BY 2", direction(desc), ", 1", direction(desc), " LIMIT ").arg(int64(n))
	return s.places(ctx, b)
}

// messageRange returns the ids of messages in a scope's range, after a place.
func messageRange(sc *scope, desc bool, after listPlace) (low, high int64) {
	low, high = messageID(sc.from), math.MaxInt64
	if sc.to != math.MaxInt64 {
		high = messageID(sc.to) + 1<<messageTieBits - 1
	}
	switch {
	case after == unbounded(desc):
	case desc:
		high = min(high, messageID(after.by)+1<<messageTieBits-1)
	default:
		low = max(low, messageID(after.by))
	}
	return low, high
}

// maxWords is the most different words of a text: each word reads its own list
// of messages.
const maxWords = 8

// checkWords refuses a text of too many words.
func checkWords(q string) error {
	if words, _ := wordsOfText(q); len(words) > maxWords {
		return &InvalidError{Field: "q", Problem: fmt.Sprintf("has %d different words; allowed: up to %d", len(words), maxWords)}
	}
	return nil
}

// wordsOfText returns the different words of a text, and whether the last one
// of them is the start of a word. A last word that an earlier one implies is
// left out. Example: "Failed to load failed" and "failed to load fai" are both
// failed, to, load, all of them whole words.
func wordsOfText(q string) (words []string, prefix bool) {
	fields := strings.FieldsFunc(strings.ToLower(q), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
	for i, w := range fields {
		last := i == len(fields)-1
		if !slices.ContainsFunc(words, func(before string) bool { return before == w || last && strings.HasPrefix(before, w) }) {
			words, prefix = append(words, w), last
		}
	}
	return words, prefix
}

// matchWords makes an FTS5 query of a person's text: all its words, the last
// one as the start of a word. It is "" when the text holds no word.
func matchWords(q string) string {
	words, prefix := wordsOfText(q)
	if len(words) == 0 {
		return ""
	}
	match := `"` + strings.Join(words, `" "`) + `"`
	if prefix {
		match += "*"
	}
	return match
}
