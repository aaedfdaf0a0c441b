package intake

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// peekLength is how much of a file's beginning is looked at to tell its form.
const peekLength = 256 << 10

const howToExport = "save the runs as JSON: az datafactory pipeline-run query-by-factory … > runs.json, " +
	"or Get-AzDataFactoryV2PipelineRun … | ConvertTo-Json -Depth 10 | Out-File runs.json"

// texts opens files as text, one after the other, with buffers that are used
// again: a folder of logs has thousands of small files.
type texts struct {
	raw, unpacked, text *bufio.Reader
}

func newTexts() *texts {
	return &texts{
		raw: bufio.NewReaderSize(nil, 64<<10), unpacked: bufio.NewReaderSize(nil, 64<<10), text: bufio.NewReaderSize(nil, peekLength),
	}
}

// open returns r as UTF-8 without a byte-order mark, unpacked when it is gzip.
// UTF-16 is known by its mark, or without one by the zero byte beside its first,
// ASCII character: JSON has no other beginning. It is good until the next open.
func (t *texts) open(r io.Reader) (*bufio.Reader, error) {
	t.raw.Reset(r)
	from := t.raw
	start, err := peek(from, 512)
	if err != nil {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(start, []byte{0x1f, 0x8b}):
		unpacked, err := gzip.NewReader(from)
		if err != nil {
			return nil, unpackError(err)
		}
		t.unpacked.Reset(&gzipText{unpacked})
		from = t.unpacked
		if start, err = peek(from, 512); err != nil {
			return nil, err
		}
	case bytes.HasPrefix(start, []byte("PK\x03\x04")):
		return nil, errors.New("is a zip archive: unpack it, and name the folder")
	}
	if len(start) > 262 && string(start[257:262]) == "ustar" {
		return nil, errors.New("is a tar archive: unpack it, and name the folder")
	}
	enc := unicode.UTF8 // makes what is not UTF-8 readable
	switch {
	case len(start) < 2:
	case start[0] == 0xFF && start[1] == 0xFE, start[0] == 0xFE && start[1] == 0xFF:
		enc = unicode.UTF16(unicode.BigEndian, unicode.ExpectBOM)
	case start[0] != 0 && start[1] == 0:
		enc = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case start[0] == 0 && start[1] != 0:
		enc = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	case bytes.HasPrefix(start, []byte("\xef\xbb\xbf")):
		enc = unicode.UTF8BOM
	}
	t.text.Reset(transform.NewReader(from, enc.NewDecoder()))
	return t.text, nil
}

// gzipText says of a packed file that breaks off what the matter is.
type gzipText struct{ from io.Reader }

func (g *gzipText) Read(p []byte) (int, error) {
	n, err := g.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = unpackError(err)
	}
	return n, err
}

func unpackError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("is a gzip file that is cut short: copy it again")
	}
	if errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) {
		return errors.New("is a damaged gzip file: copy it again")
	}
	return fmt.Errorf("can't be unpacked: %w", err)
}

// peek returns the beginning of text, of at most n bytes.
func peek(text *bufio.Reader, n int) ([]byte, error) {
	start, err := text.Peek(n)
	if err != nil && !errors.Is(err, io.EOF) && len(start) == 0 {
		return nil, err
	}
	return start, nil
}

// form is how a text is written.
type form int

const (
	formValues form = iota // JSON values
	formLines              // JSON, each line by itself
	formTable              // rows of cells
)

// formOf tells the form of a text, or what people save by mistake and what to
// save instead.
func formOf(text *bufio.Reader) (form, error) {
	start, err := peek(text, peekLength)
	if err != nil {
		return 0, err
	}
	isWhole := len(start) < peekLength
	start = bytes.TrimLeft(start, " \t\r\n")
	if len(start) == 0 {
		return 0, errors.New("is empty")
	}
	if start[0] == '{' || start[0] == '[' {
		if isLines(start, isWhole) {
			return formLines, nil
		}
		return formValues, nil
	}
	if isTable(start) {
		return formTable, nil
	}
	line, _, _ := strings.Cut(string(start[:min(len(start), 4<<10)]), "\n")
	line = strings.TrimRight(line, "\r")
	switch {
	case start[0] == '<':
		return 0, errors.New("is a web page or XML, not runs: " + howToExport)
	case regexp.MustCompile(`^\w+ +: `).MatchString(line + " "):
		return 0, errors.New("is what PowerShell's Format-List prints, which can't be read back: " + howToExport)
	case strings.ContainsFunc(line, func(r rune) bool { return r == utf8.RuneError || r < ' ' && r != '\t' }):
		return 0, errors.New("is not text: " + howToExport)
	case strings.Contains(line, "\t"):
		return 0, errors.New("is a grid copied from ADF Studio, with local times and durations as text: " + howToExport)
	case strings.ContainsAny(line, ",;"):
		return 0, fmt.Errorf("is a table without a column runId; its header begins with %.80q. Columns that are read: %s", line, strings.Join(knownColumns(), ", "))
	default:
		return 0, errors.New("is not JSON: " + howToExport)
	}
}

// isLines reports whether a text that begins like JSON is JSON lines: its first
// line is an object or an array by itself, and another one begins on a further
// line. A first line that is longer than what is looked at is one, too: JSON that
// is broken into lines for people begins with short ones.
func isLines(start []byte, isWhole bool) bool {
	first, rest, more := bytes.Cut(start, []byte("\n"))
	if !more {
		return !isWhole
	}
	rest = bytes.TrimLeft(rest, " \t\r\n")
	return len(rest) > 0 && (rest[0] == '{' || rest[0] == '[') && json.Valid(first)
}
