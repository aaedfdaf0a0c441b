import { describe, expect, it } from 'vitest'
import type { CheckReport } from '../../api/types'
import { sampleReport, sampleStep } from '../../testing/samples'
import { linesOf, verdictOf } from './check'

function told(report: CheckReport) {
  return linesOf(report).map(({ label, status, short }) => `${label}: ${status}, ${short}`)
}

/** The sample with other findings in place of its own. */
function withSteps(...steps: CheckReport['steps']): CheckReport {
  const report = sampleReport()
  return {
    ...report,
    steps: report.steps.map((step) => steps.find((s) => s.step === step.step) ?? step),
  }
}

const noToken = sampleStep({
  status: 'failed',
  what: 'the client secret has expired',
  evidence: {
    host: 'login.microsoftonline.com',
    call: 'token',
    httpStatus: 401,
    code: 'AADSTS7000222',
    action: null,
    scope: null,
    retryAt: null,
    system: null,
  },
})

describe('the lines of a check', () => {
  it('follow the chain, the clock last', () => {
    expect(told(sampleReport())).toEqual([
      'Settings: ok, client secret, cloud public',
      'Way to Azure: ok, good',
      'Token: ok, valid for 1h0m0s',
      'Subscriptions: ok, 1 is seen',
      'Factories: ok, 1 is seen',
      'Runs, activities, triggers: ok, answers',
      'Clock: ok, good',
    ])
    expect(verdictOf(sampleReport())).toBe('everything answers')
  })

  it('show the code of what failed, and what was not reached behind it', () => {
    const missed = { status: 'notReached', what: 'there is no token' } as const
    const report = {
      ...withSteps(
        noToken,
        sampleStep({ step: 'subscriptions', ...missed }),
        sampleStep({ step: 'factories', ...missed }),
      ),
      factories: [],
    }
    expect(told(report).slice(2, 6)).toEqual([
      'Token: failed, AADSTS7000222',
      'Subscriptions: notReached, not reached',
      'Factories: notReached, not reached',
      'Runs, activities, triggers: notReached, not reached',
    ])
    expect(verdictOf(report)).toBe('Token fails')
  })

  it('fall back to the HTTP status, then to the word', () => {
    const evidence = noToken.evidence && { ...noToken.evidence, code: null }
    expect(told(withSteps({ ...noToken, evidence }))[2]).toBe('Token: failed, HTTP 401')
    expect(told(withSteps({ ...noToken, evidence: null }))[2]).toBe('Token: failed, failed')
  })

  it('are as bad as the worst of several, which stands first', () => {
    const report = sampleReport()
    const refused = sampleStep({ ...noToken, step: 'queryTriggers', what: 'refused' })
    report.factories[0]?.steps.push(refused)
    const line = linesOf(report).find((l) => l.label === 'Runs, activities, triggers')
    expect(line?.status).toBe('failed')
    expect(line?.steps.map((s) => s.label)).toEqual([
      'sales-prod, triggers',
      'sales-prod, pipeline runs',
    ])
  })

  it('say how many factories were tried of how many', () => {
    const report = { ...sampleReport(), notLookedAt: ['a', 'b'] }
    expect(told(report)).toContain('Runs, activities, triggers: ok, 1 of 3 tried, all answer')
  })

  it('keep a warning short, and name it in the verdict', () => {
    const report = withSteps(
      sampleStep({
        step: 'settings',
        status: 'warning',
        what: 'the certificate expires on 2026-12-01, so give Andon a new one',
      }),
    )
    expect(told(report)[0]).toBe('Settings: warning, needs a look')
    expect(verdictOf(report)).toBe('everything answers; look at Settings')
  })

  it('show a step that is not known by its own name', () => {
    const report = sampleReport()
    report.steps.splice(1, 0, sampleStep({ step: 'operate', what: 'not tried' }))
    expect(told(report)).toContain('operate: ok, not tried')
  })
})
