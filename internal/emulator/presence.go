package emulator

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"andon/internal/emulator/world"
)

// presence is what has become of factories since the start: they were deleted
// and made again, moved to another resource group, or changed. The world knows
// nothing of it: it is about the resource alone.
type presence struct {
	mu    sync.RWMutex
	fates map[*world.Factory]fate
}

// fate is how a factory's resource differs from the world's; empty members are
// the world's own.
type fate struct {
	isGone              bool
	group, name, region string
	tags                map[string]string
}

func (p *presence) of(f *world.Factory) fate {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.fates[f]
}

func (p *presence) set(f *world.Factory, to fate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fates == nil {
		p.fates = map[*world.Factory]fate{}
	}
	p.fates[f] = to
}

// present are the factories that there are now.
func (a *azure) present() []*world.Factory {
	return slices.DeleteFunc(slices.Clone(a.world.Factories()), func(f *world.Factory) bool { return a.presence.of(f).isGone })
}

// groupOf is the resource group that a factory lies in now.
func (a *azure) groupOf(f *world.Factory) string {
	return orDefault(a.presence.of(f).group, f.ResourceGroup)
}

// idOf is the id that a factory has now.
func (a *azure) idOf(f *world.Factory) string {
	return "/subscriptions/" + f.SubscriptionID + "/resourceGroups/" + a.groupOf(f) + factoriesPath + "/" + orDefault(a.presence.of(f).name, f.Name)
}

// listedID is the factory's id as lists spell it: recorded answers keep the
// case of the name and lower that of the id's last segment. One that was told
// how to spell itself does so.
func (a *azure) listedID(f *world.Factory) string {
	id := a.idOf(f)
	if a.presence.of(f).name != "" {
		return id
	}
	cut := strings.LastIndex(id, "/")
	return id[:cut] + strings.ToLower(id[cut:])
}

// changeFactory deletes a factory, moves or changes it, or with nothing but
// its name has it be again as it was.
func (c *control) changeFactory(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Factory       string            `json:"factory"`
		IsGone        bool              `json:"isGone"`
		ResourceGroup string            `json:"resourceGroup"`
		Name          string            `json:"name"`
		Location      string            `json:"location"`
		Tags          map[string]string `json:"tags"`
	}
	err := readJSON(w, r, &in)
	if err != nil {
		err = fmt.Errorf("%w; allowed members: factory, isGone, resourceGroup, name, location, tags", err)
	}
	var place *world.Factory
	if err == nil {
		place, err = findPlace(c.azure.world.Factories(), in.Factory)
	}
	if err == nil && in.Name != "" && !strings.EqualFold(in.Name, place.Name) {
		err = fmt.Errorf("a factory can't be renamed; allowed: %s in another case", place.Name)
	}
	if err != nil {
		c.refuse(w, http.StatusBadRequest, err)
		return
	}
	c.azure.presence.set(place, fate{isGone: in.IsGone, group: in.ResourceGroup, name: in.Name, region: in.Location, tags: in.Tags})
	c.write(w, http.StatusOK, map[string]any{"factory": place.Name, "id": c.azure.listedID(place), "isGone": in.IsGone})
}
