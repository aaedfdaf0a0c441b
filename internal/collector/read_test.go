package collector

import (
	"errors"
	"testing"

	"andon/internal/azure"
)

func TestWhatIsReadInHalves(t *testing.T) {
	t.Parallel()
	for want, errs := range map[bool][]error{
		true:  {errTooFull, errFullEnd, &azure.Error{Kind: azure.KindTokenRefused}, &azure.Error{Kind: azure.KindTooLarge}},
		false: {nil, errClock, errors.New("any"), &azure.Error{Kind: azure.KindForbidden}, &azure.Error{Kind: azure.KindThrottled}, &azure.Error{Kind: azure.KindNotJSON}},
	} {
		for _, err := range errs {
			if isForHalves(err) != want {
				t.Errorf("halves after %v: %t, want %t", err, !want, want)
			}
		}
	}
}
