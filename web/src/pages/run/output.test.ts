import { describe, expect, it } from 'vitest'
import { effectiveRuntimeOf, movedRowsOf, movedRowsWords } from './output'

describe('what an output says', () => {
  it('has the rows of a copy that failed', () => {
    const rows = movedRowsOf({ output: { rowsRead: 1, rowsCopied: 0, errors: [] } })
    expect(rows).toEqual({ read: 1, copied: 0 })
    expect(rows && movedRowsWords(rows)).toBe('1 read, 0 copied')
  })
  it('takes numbers in text, and leaves out what is none', () => {
    expect(movedRowsOf({ output: { rowsRead: '12345' } })).toEqual({ read: 12345, copied: null })
    expect(movedRowsWords({ read: 12345, copied: null })).toBe('12,345 read')
    for (const output of [
      null,
      {},
      [],
      'x',
      { rowsRead: null },
      { rowsRead: '' },
      { rowsCopied: -1 },
    ]) {
      expect(movedRowsOf({ output })).toBeNull()
    }
  })
  it('tells a runtime from its node and its region', () => {
    expect(effectiveRuntimeOf('SHIR-A(SHIR-A)')).toEqual({
      name: 'SHIR-A',
      node: 'SHIR-A',
      region: '',
    })
    expect(effectiveRuntimeOf('AutoResolveIntegrationRuntime (Brazil South)')).toEqual({
      name: 'AutoResolveIntegrationRuntime',
      node: '',
      region: 'Brazil South',
    })
    expect(effectiveRuntimeOf('SHIR')).toEqual({ name: 'SHIR', node: '', region: '' })
    expect(effectiveRuntimeOf('DefaultIntegrationRuntime (West Europe)').name).toBe(
      'DefaultIntegrationRuntime',
    )
  })
})
