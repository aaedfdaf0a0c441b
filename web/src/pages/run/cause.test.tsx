import { screen, within } from '@testing-library/react'
import { HttpResponse, http } from 'msw'
import { describe, expect, it } from 'vitest'
import type { ActivityRun, RunDetail } from '../../api/types'
import { renderApp } from '../../testing/render'
import { sampleCause, sampleRecovery, sampleRun, sampleRunDetail } from '../../testing/samples'
import { server } from '../../testing/server'

const noReason = sampleCause({ text: null, reason: 'Data Factory gave no reason' })

async function showRun(
  fields: Partial<RunDetail>,
  activities: Partial<ActivityRun>[],
  state = 'complete',
) {
  server.use(
    http.get('*/api/v1/runs/:runId', () =>
      HttpResponse.json(sampleRunDetail({ status: 'Failed', ...fields })),
    ),
    http.get('*/api/v1/runs/:runId/activities', () =>
      HttpResponse.json({ items: activities, nextCursor: null, state, reason: null, asOf: null }),
    ),
  )
  await renderApp(`/runs/${sampleRun().runId}`)
}

describe('the cause of a failed run', () => {
  it.each([
    ['red', sampleRecovery('open'), 'cause'],
    ['red', sampleRecovery('notRedone'), 'cause'],
    ['grey', sampleRecovery('recovered'), 'note'],
  ])('is %s when it is %o', async (_colour, recovery, look) => {
    await showRun({ message: 'boom', cause: sampleCause({ text: 'boom' }), recovery }, [])
    expect((await screen.findByRole('region', { name: 'boom' })).classList).toContain(look)
  })

  it('is the sentence of the server, with where to look and the message whole', async () => {
    const message = 'Operation on target exec failed: Operation on target cp failed: long'
    const cause = sampleCause({
      text: 'SQL 1205: Process 7 was chosen as the deadlock victim',
      activity: 'cp',
      code: '2402',
      failureType: 'UserError',
      childRunId: 'c0ffee00-0000-4000-8000-0000000c2601',
    })
    await showRun({ message, cause }, [])
    const card = await screen.findByRole('region', { name: cause.text ?? '' })
    expect(card.textContent).toContain('cp · error 2402 · user error · in child run c0ffee00')
    const child = within(card).getByRole('link', { name: 'child run c0ffee00' })
    expect(child.getAttribute('href')).toContain('/runs/c0ffee00-0000-4000-8000-0000000c2601')
    within(card).getByText(message)
  })

  it('says that Data Factory gave none, and hints at limits where there are no activities', async () => {
    await showRun({ message: null, cause: noReason }, [])
    const card = await screen.findByRole('region', { name: 'Data Factory gave no reason' })
    await within(card).findByText(/limits of concurrency/)
    expect(within(card).queryByRole('button')).toBeNull()
  })

  it('hints at nothing while activities are not known', async () => {
    await showRun({ message: '', cause: noReason }, [], 'none')
    await screen.findByRole('region', { name: 'Data Factory gave no reason' })
    await screen.findByText('Activities are not known')
    expect(screen.queryByText(/limits of concurrency/)).toBeNull()
  })

  it('is not there for a run that did not fail, whose message is shown', async () => {
    await showRun({ status: 'Cancelled', message: 'stopped', cause: null }, [])
    const card = await screen.findByRole('region', { name: 'Message' })
    within(card).getByText('stopped')
  })
})
