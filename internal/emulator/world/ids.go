package world

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
)

// Salts keep the random streams of different matters apart, so that a change to one table does not move the rest.
const (
	saltPlan uint64 = iota + 1
	saltHistory
	saltTrim
	saltWeakness
	saltRun
	saltFailure
	saltActivity
	saltTrigger
	saltCompany
	saltLag
	saltAction
	saltIncident
	saltTriggerRun
	saltResource
	saltRuntime
	saltScenario
	saltLimit
)

// dice gives the random stream of one matter, always the same for the same seed and keys.
func dice(seed uint64, keys ...uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, mixAll(seed, keys...))) //nolint:gosec // a repeatable world is the point; nothing secret comes from it
}

// mix is the finalizer of splitmix64: neighbouring numbers come out unrelated.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func mixAll(seed uint64, keys ...uint64) uint64 {
	h := mix(seed)
	for _, k := range keys {
		h = mix(h ^ k)
	}
	return h
}

// guid is a version 4 UUID that depends on nothing but its keys.
func guid(seed uint64, keys ...uint64) string {
	hi := mixAll(seed, keys...)
	return formatGUID(hi, mix(hi))
}

// guid32 is the form without hyphens, which ADF uses for the invokedBy.id of a manual start.
func guid32(seed uint64, keys ...uint64) string {
	return strings.ReplaceAll(guid(seed, keys...), "-", "")
}

func formatGUID(hi, lo uint64) string {
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], hi)
	binary.BigEndian.PutUint64(raw[8:], lo)
	raw[6] = raw[6]&0x0f | 0x40
	raw[8] = raw[8]&0x3f | 0x80
	var text [36]byte
	hex.Encode(text[0:8], raw[0:4])
	text[8] = '-'
	hex.Encode(text[9:13], raw[4:6])
	text[13] = '-'
	hex.Encode(text[14:18], raw[6:8])
	text[18] = '-'
	hex.Encode(text[19:23], raw[8:10])
	text[23] = '-'
	hex.Encode(text[24:36], raw[10:16])
	return string(text[:])
}

// runID carries the run's number, scrambled, in its first 32 bits: a million runs then need neither stored ids nor an
// index from id to run.
func runID(seed uint64, number uint32) string { return formatGUID(runIDBits(seed, number)) }

func runIDBits(seed uint64, number uint32) (hi, lo uint64) {
	hi = mixAll(seed, saltRun, uint64(number))
	head := uint64(scramble(number ^ low32(seed)))
	return head<<32 | hi&0xffffffff, mix(hi)
}

// numberOf undoes runID; ok is false when the text cannot be one of this world's ids.
func numberOf(seed uint64, id string) (number uint32, ok bool) {
	if len(id) != 36 {
		return 0, false
	}
	head, err := strconv.ParseUint(id[:8], 16, 32)
	if err != nil {
		return 0, false
	}
	number = unscramble(low32(head)) ^ low32(seed)
	return number, strings.EqualFold(runID(seed, number), id)
}

func low32(x uint64) uint32 { return uint32(x & 0xffffffff) }

// scramble is a bijection of 32 bits (the constants are those of Chris Wellons' "lowbias32").
func scramble(x uint32) uint32 {
	x ^= x >> 16
	x *= 0x7feb352d
	x ^= x >> 15
	x *= 0x846ca68b
	return x ^ x>>16
}

func unscramble(x uint32) uint32 {
	x ^= x >> 16
	x *= 0x43021123
	x ^= x>>15 ^ x>>30
	x *= 0x1d69e2a5
	return x ^ x>>16
}

// ticksAt1970 is 1970 in .NET ticks: 100 ns since the year 1.
const ticksAt1970 = 621355968000000000

// triggerRunID has the shape of ADF's: 29 digits, of which the first 20 count down as time goes on, "CU" and two digits.
func triggerRunID(seed uint64, trigger string, when instant, variant uint16) string {
	return string(appendTriggerRunID(nil, seed, trigger, when, variant))
}

func appendTriggerRunID(b []byte, seed uint64, trigger string, when instant, variant uint16) []byte {
	h := mixAll(seed, saltTrigger, textKey(trigger), uint64(when/1e9), uint64(variant)) //nolint:gosec // after 1970
	b = appendDigits(b, math.MaxInt64-ticksAt1970-int64(when)/tick, 20)
	b = appendDigits(b, h%1e9, 9)
	b = append(b, 'C', 'U')
	return appendDigits(b, h>>40%64, 2)
}

// textKey turns a name into a key for dice and guid (FNV-1a).
func textKey(text string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 1099511628211
	}
	return h
}
