package world

import (
	"fmt"
	"strings"
)

// quietScenario is a roll-out that waits: everything is defined, nothing was ever started.
func quietScenario() scenario {
	const production, preparation, training = 0, 1, 2
	var factories []factorySpec
	for i, town := range quietTowns() {
		subscription := production
		switch {
		case i >= 36:
			subscription = training
		case i >= 24:
			subscription = preparation
		}
		low := strings.ToLower(town)
		factories = append(factories, factorySpec{
			subscription: subscription, resourceGroup: "rg-meters-" + low, name: "adf-meters-" + low, location: []string{"westeurope", "North Europe", "Sweden Central"}[i%3],
			created: fmt.Sprintf("2026-09-%02dT10:%02d:45.9902%03dZ", 1+i%28, i, 310+i), identity: true,
			tags: `{"template":"meter-readings","version":"2"}`,
			systems: systems{
				sqlServer: "sql-meters-" + low + ".database.windows.net", database: "meters", lake: "stmeters" + low,
				databricks: "adb-6120938475610293.4.azuredatabricks.net", workspace: "6120938475610293", onPremises: "METER-" + strings.ToUpper(low), region: "West Europe",
			},
			pipelines: meterPipelines(),
		})
	}
	return scenario{
		name:    "quiet",
		what:    "forty factories rolled out from one template before the first trigger is started: nothing runs and nothing has run, whatever the size",
		tenants: []tenantSpec{{name: "Sjoholt Energi", domain: "sjoholt.example"}},
		subscriptions: []subscriptionSpec{
			production: {name: "Sjoholt Meters Production"}, preparation: {name: "Sjoholt Meters Preparation"}, training: {name: "Sjoholt Meters Training"},
		},
		factories: factories, still: true,
	}
}

// meterPipelines are the same in each factory: that is what a template is for.
func meterPipelines() func() []Pipeline {
	readings := domain{name: "readings", schema: "mtr", items: []string{"heat", "power", "water"}, tag: "meters", hosted: true, hour: 2}
	return joined(readings.nightly(), readings.files("mscons", 4), readings.quality(), readings.corrections(1), readings.housekeeping())
}

func quietTowns() []string {
	return strings.Fields(`Alvik Bergby Dalhem Ekeby Fagervik Granby Hedvik Isnas Juneby Kalvik Lindby Malvik Norby Orsvik Palby Ramvik Sandby Torvik Ulvby Vasvik
		Almby Bastvik Dalby Ervik Farby Gullvik Hagby Insvik Jarby Krokvik Larby Marvik Nasby Ostby Prastvik Rodby Salvik Talby Utvik Viksby`)
}
