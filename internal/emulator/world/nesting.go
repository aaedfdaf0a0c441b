package world

// branchFalse is the branch of the steps in an If's ifFalseActivities. No case of a Switch has that value.
const branchFalse = "\x00false"

// infallible reports whether nothing in the tables ever goes wrong with the kind.
func (k kind) infallible() bool {
	return k == kindSetVariable || k == kindAppendVariable || k == kindFilter || k == kindWait
}

// leaves are the ways from s down to each activity in it that holds no others, s itself first in each; ADF nests
// containers two deep. A step that is no container has one way, of itself.
func (s *step) leaves() [][]*step {
	if len(s.inner) == 0 {
		return [][]*step{{s}}
	}
	var all [][]*step
	for j := range s.inner {
		for _, path := range s.inner[j].leaves() {
			all = append(all, append([]*step{s}, path...))
		}
	}
	return all
}

// path is the way to the n-th leaf, the first one when there are fewer.
func (s *step) path(n uint8) []*step {
	if len(s.inner) == 0 {
		return []*step{s}
	}
	all := s.leaves()
	if int(n) >= len(all) {
		return all[0]
	}
	return all[n]
}

func (s *step) leaf(n uint8) *step {
	path := s.path(n)
	return path[len(path)-1]
}

// taken are the indices in inner of the steps that one round of the container runs. Which branch of an If or a Switch
// that is follows from the item where the expression is the item, else from the step bound to run, else from luck.
func (s *step) taken(item string, bound *step, luck uint64) []int {
	branch, only := s.branchOf(item, bound, luck)
	var all []int
	for j := range s.inner {
		if !only || s.inner[j].branch == branch {
			all = append(all, j)
		}
	}
	return all
}

func (s *step) branchOf(item string, bound *step, luck uint64) (branch string, only bool) {
	switch {
	case s.kind != kindIf && s.kind != kindSwitch:
		return "", false
	case bound != nil:
		return bound.branch, true
	case s.kind == kindSwitch && s.about == expressionItem:
		for j := range s.inner {
			if s.inner[j].branch == item {
				return item, true
			}
		}
		return "", true
	}
	return s.inner[luck>>9%uint64(len(s.inner))].branch, true
}

// holds reports whether a round for item comes to the steps of path, which begins with s.
func (s *step) holds(path []*step, item string) bool {
	for i := 1; i < len(path)-1; i++ {
		if c := path[i]; c.kind == kindSwitch && c.about == expressionItem {
			if branch, _ := c.branchOf(item, nil, 0); branch != path[i+1].branch {
				return false
			}
		}
	}
	return true
}

// expressionItem is the expression of a Switch that chooses by the item of the loop around it.
const expressionItem = "@item()"
