//go:build unix

package app

import (
	"math"
	"syscall"
)

// descriptorLimit returns how many files this process may have open. Go raises
// the soft limit to the hard one at the start.
func descriptorLimit() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 2 * mostConnections // it is not known: the cap of Andon's own applies
	}
	return int(min(uint64(limit.Cur), math.MaxInt32)) //nolint:unconvert // some systems count with signed numbers
}
