package intake

import (
	"bufio"
	"bytes"
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

// peekLength is how much of a file's beginning is looked at to tell its form,
// and the longest first line that is seen to be JSON lines.
const peekLength = 1 << 20

const howToExport = "save the runs as JSON: az datafactory pipeline-run query-by-factory … > runs.json, " +
	"or Get-AzDataFactoryV2PipelineRun … | ConvertTo-Json -Depth 10 | Out-File runs.json"

// textOf returns r as UTF-8 without a byte-order mark. UTF-16 is known by its
// mark, or without one by the zero byte beside its first, ASCII character:
// JSON has no other beginning.
func textOf(r io.Reader) (*bufio.Reader, error) {
	raw := bufio.NewReaderSize(r, 64<<10)
	start, err := raw.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, readError(err)
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
	return bufio.NewReaderSize(transform.NewReader(raw, enc.NewDecoder()), peekLength), nil
}

func readError(err error) error { return fmt.Errorf("can't be read on: %w", err) }

// peek returns the beginning of text, of at most peekLength bytes.
func peek(text *bufio.Reader) ([]byte, error) {
	start, err := text.Peek(peekLength)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, readError(err)
	}
	return start, nil
}

// refuseForeignForm tells files that are not JSON at all by what people save
// by mistake, and says what to save instead.
func refuseForeignForm(text *bufio.Reader) error {
	start, err := peek(text)
	if err != nil {
		return err
	}
	start = bytes.TrimLeft(start, " \t\r\n")
	if len(start) == 0 {
		return errors.New("is empty")
	}
	if start[0] == '{' || start[0] == '[' {
		return nil
	}
	line, _, _ := strings.Cut(string(start[:min(len(start), 4<<10)]), "\n")
	line = strings.TrimRight(line, "\r")
	switch {
	case start[0] == '<':
		return errors.New("is a web page or XML, not runs: " + howToExport)
	case regexp.MustCompile(`^\w+ +: `).MatchString(line + " "):
		return errors.New("is what PowerShell's Format-List prints, which can't be read back: " + howToExport)
	case strings.Contains(line, "\t"):
		return errors.New("is a grid copied from ADF Studio, with local times and durations as text: " + howToExport)
	case strings.Contains(line, ",") && !strings.HasPrefix(line, `"`) || strings.Contains(line, `","`):
		return errors.New("is a table with commas, not JSON: " + howToExport)
	case strings.ContainsFunc(line, func(r rune) bool { return r == utf8.RuneError || r < ' ' && r != '\t' }):
		return errors.New("is not text (unpack it first, when it is compressed): " + howToExport)
	default:
		return errors.New("is not JSON: " + howToExport)
	}
}

// isLines reports whether text is JSON lines: its first line is an object or
// an array by itself, and another one begins on a further line.
func isLines(text *bufio.Reader) bool {
	start, err := peek(text)
	if err != nil {
		return false // readValues will meet it again
	}
	first, rest, more := bytes.Cut(bytes.TrimLeft(start, " \t\r\n"), []byte("\n"))
	rest = bytes.TrimLeft(rest, " \t\r\n")
	return more && len(rest) > 0 && (rest[0] == '{' || rest[0] == '[') && json.Valid(first)
}

// readLines reads JSON lines. A broken line costs only itself, unless it is
// the last: then the file was cut short.
func readLines(text *bufio.Reader, row func([]byte) error) error {
	for n := 1; ; n++ {
		line, whole, err := readLine(text)
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		if trimmed := bytes.TrimSpace(line); len(trimmed) > 0 {
			err := readValues(bufio.NewReader(bytes.NewReader(trimmed)), row)
			var stop *storeError
			switch {
			case errors.As(err, &stop):
				return err
			case err != nil && !whole:
				return fmt.Errorf("is cut short in line %d", n)
			case err != nil:
				// Not a row, but counted as one that is lost.
				if err := row(trimmed); err != nil {
					return err
				}
			}
		}
		if !whole {
			return nil
		}
	}
}

// readLine returns the next line, and whether it was ended by a line feed.
func readLine(text *bufio.Reader) (line []byte, whole bool, err error) {
	for {
		part, err := text.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case err == nil:
			return line, true, nil
		case errors.Is(err, io.EOF):
			return line, false, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, false, readError(err)
		case len(line) > maxValue:
			return nil, false, errTooLarge
		}
	}
}
