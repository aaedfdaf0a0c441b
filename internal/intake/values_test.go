package intake

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/unicode"
	"pgregory.net/rapid"
)

func rowsOf(r io.Reader) (rows []string, err error) {
	err = readRows(r, func(raw []byte) error {
		rows = append(rows, string(raw))
		return nil
	})
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
		"a broken line in the middle":  {a + "\n{\"runId\": oops\n" + b + "\n", []string{a, `{"runId": oops`, b}},
		"null elements":                {`{"value":[null,` + a + `,null]}`, []string{a}},
		"an empty page":                {`{"value":[]}`, nil},
		"an empty array":               {` [ ] `, nil},
		"a value that is no run":       {`[1,"x",` + a + `]`, []string{`""`, `""`, a}},
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
		"CSV":              {"runId,status\na,Failed\n", "a table with commas", 0},
		"web page":         {"<!DOCTYPE html><html></html>", "a web page", 0},
		"gzip":             {"\x1f\x8b\x08\x00\x00\x00\x00\x00", "not text", 0},
		"prose":            {"hello there", "is not JSON", 0},
		"deep lists":       {`[[[[[[` + a + `]]]]]]`, "lists within lists", 0},
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
	v := values{tape: &tape{from: text}}
	n, most := 0, 0
	v.row = func([]byte) error {
		n++
		most = max(most, cap(v.tape.kept))
		return nil
	}
	if err := v.all(); err != nil {
		t.Fatal(err)
	}
	if n != rows || most > 1<<20 {
		t.Errorf("%d rows, want %d; %d bytes were held, want less than 1 MB", n, rows, most)
	}
}

func TestReadRowsRefusesAnEndlessValue(t *testing.T) {
	t.Parallel()
	endless := io.MultiReader(strings.NewReader(`[{"runId":"a"},{"runId":"`), &repeat{text: "x"})
	rows, err := rowsOf(endless)
	if !errors.Is(err, errTooLarge) || len(rows) != 1 {
		t.Errorf("%d rows and %v, want one row and an error of size", len(rows), err)
	}
}

// repeat gives its text for ever.
type repeat struct {
	text string
	at   int
}

func (r *repeat) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = r.text[r.at]
		r.at = (r.at + 1) % len(r.text)
	}
	return len(p), nil
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
