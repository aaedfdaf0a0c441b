package world

import "time"

// busyScenario is a shop whose one factory never rests: a thousand runs an hour by day and by night, most of them short.
func busyScenario() scenario {
	return scenario{
		name:          "busy",
		what:          "a web shop with one factory that starts a thousand runs an hour, day and night: give --size 60000 for a last day that is as busy, 1000000 for the whole history",
		feed:          25 * time.Hour,
		tenants:       []tenantSpec{{name: "Klippan Online", domain: "klippan.example"}},
		subscriptions: []subscriptionSpec{{name: "Klippan Data Production"}},
		factories: []factorySpec{{
			resourceGroup: "rg-orders-prod", name: "adf-klippan-orders", location: "Sweden Central", created: "2022-05-03T06:55:10.7718204Z", identity: true,
			tags: `{"environment":"prod"}`, repository: devOps("orders-factory", "3b1f0a9c7d5e4f21a0b9c8d7e6f5a4b3c2d1e0f9"),
			systems: systems{
				sqlServer: "sql-klippan-orders.database.windows.net", database: "orders", lake: "stklippanlake", databricks: "adb-8830192746510293.5.azuredatabricks.net",
				workspace: "8830192746510293", onPremises: "KLIPPAN-ERP", region: "Sweden Central",
			},
			pipelines: busyPipelines(),
		}},
	}
}

// busyPipelines start 720, 180 and 100 runs an hour, and a few by the clock.
func busyPipelines() func() []Pipeline {
	orders := domain{name: "orders", schema: "ord", items: []string{"web", "app", "store"}, tag: "shop", hour: 2}
	stock := domain{name: "stock", schema: "stk", items: []string{"SE", "NO", "FI"}, tag: "shop", hour: 3}
	return joined(
		orders.feed(5*time.Second, 24*720, false), stock.feed(20*time.Second, 24*180, false), orders.batches(36*time.Second, 24*100),
		orders.nightly(), orders.windows(), stock.quality(), stock.corrections(1),
	)
}

// batches load what has gathered, every so often, and take some minutes each.
func (d domain) batches(interval time.Duration, perDay float64) []Pipeline {
	return []Pipeline{{
		Name: d.pipeline("batches"), Folder: d.name + "/load", Annotations: []string{d.tag}, usual: 4 * time.Minute, parameters: []parameter{choice("item", d.items...)},
		habits: habits{failing: 0.02, seldomHeld: true}, starts: []start{stream("ce_"+d.name+"_batches", interval, perDay)},
		steps: []step{
			lookup("lkp_batch", "ctl.batch"), forEach("fe_parts", []string{"head", "lines", "payments"}, copying("cp_part", d.table("part"))), calling("sp_merge", d.table("usp_merge")),
		},
	}}
}
