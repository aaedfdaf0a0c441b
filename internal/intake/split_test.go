package intake

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/unicode"
	"pgregory.net/rapid"
)

// rowsOf returns the records of a text, and in angle brackets why others were
// refused.
func rowsOf(r io.Reader) (rows []string, err error) {
	text, err := newTexts().open(r)
	if err != nil {
		return nil, err
	}
	what, err := formOf(text)
	if err != nil {
		return nil, err
	}
	out := outlet{
		record: func(raw []byte, _ position) error {
			rows = append(rows, string(raw))
			return nil
		},
		refuse: func(why reason, at position) { rows = append(rows, "<"+at.String()+" "+why.what+">") },
	}
	switch what {
	case formTable:
		err = readTable(text, out)
	case formLines:
		_, err = readLines(text, out)
	case formValues:
		err = (&splitter{text: text, out: out}).all()
	}
	return rows, err
}

func TestReadRowsTakesEveryFormOfRuns(t *testing.T) {
	t.Parallel()
	const a, b = `{"runId":"a", "message" : "x\u00e5" }`, `{"runId":"b","value":{"n":1}}`
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"a single run":                 {a, []string{a}},
		"an array":                     {"[" + a + ",\n" + b + "]", []string{a, b}},
		"a page":                       {`{"value":[` + a + `,` + b + `],"continuationToken":"t"}`, []string{a, b}},
		"a page, value last":           {`{"continuationToken":null,"value" : [` + a + `]}`, []string{a}},
		"a page as PowerShell counts":  {`{"value":[` + a + `],"Count":1}`, []string{a}},
		"an array of pages":            {`[{"value":[` + a + `]},{"value":[` + b + `]}]`, []string{a, b}},
		"pages one after another":      {`{"value":[` + a + `]}{"value":[` + b + `]}`, []string{a, b}},
		"JSON lines":                   {a + "\n" + b + "\n", []string{a, b}},
		"JSON lines, blank ones, CRLF": {a + "\r\n\r\n" + b, []string{a, b}},
		"pages as JSON lines":          {`{"value":[` + a + `]}` + "\n" + `{"value":[` + b + `]}` + "\n", []string{a, b}},
		"a broken line in the middle":  {a + "\n{\"runId\": oops\n" + b + "\n", []string{a, "<line 2 records that are not valid JSON, or nested more than 10,000 deep>", b}},
		"a broken record in an array":  {`[{"runId": oops},` + a + `]`, []string{`{"runId": oops}`, a}},
		"records of an event hub":      {`{"records":[` + a + `,` + b + `]}`, []string{a, b}},
		"tables of Log Analytics":      {`{"tables":[{"name":"PrimaryResult","columns":[{"name":"RunId","type":"string"},{"name":"n"}],"rows":[["a",1],["b"],["c",null]]}]}`, []string{`{"RunId":"a","n":1}`, "<record 2 rows with more or fewer cells than the header>", `{"RunId":"c","n":null}`}},
		"a table of cells":             {"runId,status,x\r\na,\"Failed\nagain, \"\"twice\"\"\",\r\nb,1\r\n\r\nc,,\r\n", []string{`{"runId":"a","status":"Failed\nagain, \"twice\""}`, "<line 4 rows with more or fewer cells than the header>", `{"runId":"c"}`}},
		"a table with semicolons":      {"runId;status\na;Failed\n", []string{`{"runId":"a","status":"Failed"}`}},
		"a quote that is never closed": {"runId,status\na,\"Failed\nb,c\n", []string{"<line 2 a row whose quote is never closed: everything from its line to the end of the file>"}},
		"lists within lists":           {`[[[[[[` + a + `]]],1]],` + b + `]`, []string{"<record 1 lists within lists, 4 deep, where runs are expected>", "<record 2 values that are no objects>", b}},
		"null elements":                {`{"value":[null,` + a + `,null]}`, []string{a}},
		"an empty page":                {`{"value":[]}`, nil},
		"an empty array":               {` [ ] `, nil},
		"a value that is no run":       {`[1,"x",` + a + `]`, []string{"<record 1 values that are no objects>", "<record 2 values that are no objects>", a}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := rowsOf(strings.NewReader(c.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			// The same, however the bytes arrive.
			slow, err := rowsOf(iotest.OneByteReader(strings.NewReader(c.text)))
			if diff := cmp.Diff(c.want, slow); diff != "" || err != nil {
				t.Errorf("rows byte by byte (-want +got):\n%s%v", diff, err)
			}
		})
	}
}

func TestReadRowsReadsUTF16AndMarks(t *testing.T) {
	t.Parallel()
	const text = `[{"runId":"a","message":"fönster 窓"}]`
	want := []string{`{"runId":"a","message":"fönster 窓"}`}
	encode := func(e unicode.Endianness, p unicode.BOMPolicy) []byte {
		b, err := unicode.UTF16(e, p).NewEncoder().Bytes([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for name, b := range map[string][]byte{
		"UTF-8":                  []byte(text),
		"UTF-8 with mark":        []byte("\xef\xbb\xbf" + text),
		"UTF-16 LE with mark":    encode(unicode.LittleEndian, unicode.UseBOM),
		"UTF-16 BE with mark":    encode(unicode.BigEndian, unicode.UseBOM),
		"UTF-16 LE without mark": encode(unicode.LittleEndian, unicode.IgnoreBOM),
		"UTF-16 BE without mark": encode(unicode.BigEndian, unicode.IgnoreBOM),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := rowsOf(bytes.NewReader(b))
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("rows (-want +got):\n%s%v", diff, err)
			}
		})
	}
}

func TestReadRowsSaysWhatIsNotRuns(t *testing.T) {
	t.Parallel()
	const a = `{"runId":"a"}`
	for name, c := range map[string]struct {
		text string
		want string // part of the error
		rows int
	}{
		"empty":            {"", "is empty", 0},
		"blank":            {" \n\t", "is empty", 0},
		"cut in a page":    {`{"value":[` + a + `,{"runId":"b`, "is cut short after byte 35", 1},
		"cut after a row":  {`{"value":[` + a + `,`, "is cut short", 1},
		"cut array":        {`[` + a, "is cut short", 1},
		"cut single run":   {`{"runId":"a","message":"x`, "is cut short", 0},
		"cut in a line":    {a + "\n" + a + "\n" + `{"runI`, "is cut short in line 3", 2},
		"garbage after":    {`[` + a + `] oops`, "is not JSON from byte", 1},
		"Format-List":      {"\r\n\r\nResourceGroupName : rg\r\nRunId             : a\r\n", "Format-List", 0},
		"Studio grid":      {"Pipeline name\tRun start\tStatus\npl_load\t11/24/2026, 2:00 AM\tSucceeded\n", "ADF Studio", 0},
		"another table":    {"Pipeline;Début\na,Failed\n", "is a table without a column runId", 0},
		"local times":      {"RunId,Start [Local Time]\na,1/2/2024 3:04 AM\n", "set the portal's display time zone to UTC", 0},
		"zip":              {"PK\x03\x04abc", "is a zip archive", 0},
		"web page":         {"<!DOCTYPE html><html></html>", "a web page", 0},
		"gzip":             {"\x1f\x8b\x08\x00\x00\x00\x00\x00", "is a gzip file that is cut short", 0},
		"prose":            {"hello there", "is not JSON", 0},
		"value is no list": {`{"value":{"runId":"a"}}` + `x`, "is not JSON from byte", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows, err := rowsOf(strings.NewReader(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want one with %q", err, c.want)
			}
			if len(rows) != c.rows {
				t.Errorf("%d rows before it, want %d", len(rows), c.rows)
			}
		})
	}
}

func TestReadRowsHoldsLittleOfALargeFile(t *testing.T) {
	t.Parallel()
	const rows = 40_000
	row := `{"runId":"6d1f0c52-7c3e-4c7d-9c0a-0b8f4b1c9a01","message":"` + strings.Repeat("m", 800) + `"},`
	text := io.MultiReader(
		strings.NewReader(`{"continuationToken":null,"value":[`),
		io.LimitReader(&repeat{text: row}, int64(len(row))*rows-1),
		strings.NewReader(`]}`),
	)
	n := 0
	s := splitter{text: bufio.NewReader(text), out: outlet{record: func([]byte, position) error { n++; return nil }}}
	if err := s.all(); err != nil {
		t.Fatal(err)
	}
	if n != rows || cap(s.kept) > 1<<20 {
		t.Errorf("%d rows, want %d; %d bytes were held, want less than 1 MB", n, rows, cap(s.kept))
	}
}

// TestReadRowsGoesOnAfterAHugeRecord reads past records of more than 100 MB in
// every form, and holds little of them.
func TestReadRowsGoesOnAfterAHugeRecord(t *testing.T) {
	t.Parallel()
	const a = `{"runId":"a"}`
	huge := func() io.Reader { return io.LimitReader(&repeat{text: strings.Repeat("x", 1<<20)}, 101<<20) }
	for name, parts := range map[string][]io.Reader{
		"array":  {strings.NewReader("[" + a + `,{"runId":"`), huge(), strings.NewReader(`"},` + a + "]")},
		"lines":  {strings.NewReader(a + "\n" + `{"runId":"`), huge(), strings.NewReader("\"}\n" + a + "\n")},
		"broken": {strings.NewReader(a + "\n" + `{"runId":"`), huge(), strings.NewReader("\n" + a + "\n")},
		"table":  {strings.NewReader("runId,message\na,\n" + `b,"`), huge(), strings.NewReader("\"\na,\n")},
	} {
		rows, err := rowsOf(io.MultiReader(parts...))
		if err != nil || len(rows) != 3 || rows[0] != a || rows[2] != a || !strings.HasPrefix(rows[1], "<") {
			t.Errorf("%s: %.200q, %v", name, rows, err)
		}
	}
}

func TestReadRowsOfHalfAGzipAreThoseBeforeTheCut(t *testing.T) {
	t.Parallel()
	const a = `{"runId":"a"}`
	for _, text := range []string{"[" + strings.Repeat(a+",", 2000) + a + "]", strings.Repeat(a+"\n", 2000)} {
		whole := packed(t, text)
		rows, err := rowsOf(strings.NewReader(whole[:len(whole)*2/3]))
		if err == nil || !strings.Contains(err.Error(), "is a gzip file that is cut short") || len(rows) == 0 || rows[len(rows)-1] != a {
			t.Errorf("%d rows, %v", len(rows), err)
		}
		if rows, err := rowsOf(strings.NewReader(whole)); err != nil || len(rows) < 2000 {
			t.Errorf("of the whole file: %d rows, %v", len(rows), err)
		}
	}
}

func packed(tb testing.TB, text string) string {
	tb.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write([]byte(text)); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.String()
}

// repeat gives its text for ever.
type repeat struct {
	text string
	at   int
}

func (r *repeat) Read(p []byte) (int, error) {
	n := copy(p, r.text[r.at:])
	r.at = (r.at + n) % len(r.text)
	return n, nil
}

func TestReadRowsOfACutFileAreThoseBeforeTheCut(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.StringMatching(`\{"runId":"[a-z{}\[\],]{1,9}"\}`), 1, 8).Draw(t, "rows")
		text := `{"value":[` + strings.Join(rows, ",") + `]}`
		cut := rapid.IntRange(1, len(text)-1).Draw(t, "cut")
		got, err := rowsOf(strings.NewReader(text[:cut]))
		if err == nil {
			t.Fatalf("%q is taken for whole", text[:cut])
		}
		if len(got) > len(rows) || len(got) > 0 && cmp.Diff(rows[:len(got)], got) != "" {
			t.Fatalf("rows of %q are %q", text[:cut], got)
		}
		whole := len(`{"value":[`)
		for i, r := range rows {
			whole += len(r)
			if cut >= whole && len(got) <= i {
				t.Fatalf("row %d stands whole in %q and is not taken", i, text[:cut])
			}
			whole++
		}
	})
}

func FuzzReadRows(f *testing.F) {
	for _, seed := range []string{
		`{"value":[{"runId":"a"}],"continuationToken":null}`, "{\"runId\":\"a\"}\n{\"runId\":\"b\"}\n", `[[{"value":[]}]]`, "\xff\xfe{\x00}\x00",
		`{"tables":[{"columns":[{"name":"RunId"}],"rows":[["a"]]}]}`, "runId,Start [UTC]\na,\"3/5/2024, 10:00:00 AM\"\n", "\x1f\x8b",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		whole, wholeErr := rowsOf(bytes.NewReader(text))
		slow, slowErr := rowsOf(iotest.HalfReader(bytes.NewReader(text)))
		if diff := cmp.Diff(whole, slow); diff != "" || (wholeErr == nil) != (slowErr == nil) {
			t.Errorf("the rows depend on how the bytes arrive:\n%s%v\n%v", diff, wholeErr, slowErr)
		}
	})
}
