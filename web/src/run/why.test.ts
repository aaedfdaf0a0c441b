import { describe, expect, it } from 'vitest'
import { sampleCause, sampleRun } from '../testing/samples'
import { whyOf } from './why'

describe('whyOf', () => {
  it.each([
    [
      'a cause',
      { cause: sampleCause({ text: 'SQL 208: no table' }), message: 'long' },
      'SQL 208: no table',
    ],
    [
      'a cause without text',
      { cause: sampleCause({ text: null, reason: 'Data Factory gave no reason' }), message: null },
      'Data Factory gave no reason',
    ],
    [
      'a message of a run that did not fail',
      { message: ' stopped by a person ' },
      'stopped by a person',
    ],
    ['nothing', { message: '' }, ''],
    ['no message', { message: null }, ''],
  ])('%s', (_what, fields, why) => {
    expect(whyOf(sampleRun(fields))).toBe(why)
  })
})
