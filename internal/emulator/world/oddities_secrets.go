package world

// The odd rows that hold secrets: nobody should keep them. Each holds the word CANARY, and no other row does.

func oddSecrets() []oddity {
	const careless = "azure.md §3: values may contain secrets"
	inRun := func(name, what string, change func(*members, *Run)) oddity {
		return oddity{Oddity: Oddity{Name: name, What: what, Evidence: careless}, change: change}
	}
	inActivity := func(name, what string, change func(*members, *Run)) oddity {
		return oddity{Oddity: Oddity{Name: name, What: what, Evidence: careless, Activity: true}, ended: true, change: change}
	}
	failed := inRun("secret-in-message", "message of a failed run quotes a connection string", func(m *members, _ *Run) {
		m.setText("message", "Operation on target cp_x failed: can't open 'Server=tcp:sql-kuriosa;Database=x;User ID=loader;Password=CANARY-1;Encrypt=True'")
	})
	failed.suits, failed.ended = forFailed, true
	return []oddity{
		failed,
		inRun("secret-in-parameter", "parameters hold a key and, as JSON in a string, a password", func(m *members, _ *Run) {
			m.inside("parameters", func(p *members) {
				p.set("apiKey", `"CANARY-2"`)
				p.set("body", `"{\"user\":\"loader\",\"password\":\"CANARY-3\",\"tokenCount\":7}"`)
			})
		}),
		inRun("secret-in-url", "a parameter is a URL with a shared access signature", oddParameter(`"https://stkuriosa.blob.core.windows.net/in/a.csv?sv=2024-11-04\u0026sig=CANARY-4%3D\u0026se=2026"`)),
		inActivity("secret-in-input", "input of a web call has headers with secrets", put("input",
			`{"url":"https://kuriosa.example/api","method":"POST","headers":{"Authorization":"Bearer CANARY-5","x-functions-key":"CANARY-6"},"body":"{\"client_secret\":\"CANARY-7\"}"}`)),
		inActivity("secret-in-output", "output is what Key Vault answers for a secret", put("output",
			`{"value":"CANARY-8","id":"https://kv-kuriosa.vault.azure.net/secrets/sql/0f0c","attributes":{"enabled":true}}`)),
	}
}
