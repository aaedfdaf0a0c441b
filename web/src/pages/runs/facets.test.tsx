import { screen, within } from '@testing-library/react'
import { HttpResponse, http } from 'msw'
import { expect, it } from 'vitest'
import type { RunFacets } from '../../api/types'
import { renderApp } from '../../testing/render'
import { sampleBasis, sampleFacets, sampleLimits } from '../../testing/samples'
import { server } from '../../testing/server'

async function openWith(search: string, fields: Partial<RunFacets>) {
  server.use(http.get('*/api/v1/runs/facets', () => HttpResponse.json(sampleFacets(fields))))
  await renderApp(`/runs?${search}`)
  const failed = await screen.findByRole('group', { name: 'Status' })
  await within(failed).findByText('7')
  return (group: string) =>
    within(screen.getByRole('group', { name: group }))
      .getAllByRole('checkbox')
      .map((box) => box.closest('label')?.textContent)
}

const failed = [{ value: 'Failed', count: 7 }]
const limited = sampleBasis(
  sampleLimits({ kind: 'stale', reason: '1 of 2 factories is up to date' }),
)

it('counts no recovery as zero that the basis does not prove', async () => {
  const failures = { open: 7, notRedone: null, recovered: null }
  const recovery = [{ value: 'open', count: 7 }]
  const said = await openWith('', { ...failures, recovery, status: failed, basis: limited })
  expect(said('Recovery of failed runs')).toEqual(['Open7', 'Not redone–', 'Recovered–'])
})

it('what is chosen and not listed is zero only in a whole list of a covered range', async () => {
  const pipeline = Array.from({ length: 50 }, (_, n) => ({ value: `pl_${n}`, count: 100 - n }))
  const trigger = [{ value: 'tr_hourly', count: 24 }]
  const chosen = 'pipeline=pl_rare&trigger=tr_never&invokedBy=pl_parent'
  const said = await openWith(chosen, { pipeline, trigger, status: failed })
  expect(said('Pipeline')[0]).toBe('pl_rare–')
  expect(said('Trigger')).toEqual(['tr_never0', 'tr_hourly24'])
  expect(said('Invoked by')).toEqual(['pl_parent–'])
})

it('a chosen factory that was never read has an unknown number of runs', async () => {
  const never = sampleLimits({ kind: 'neverRead', reason: 'No factory can be read' })
  const basis = sampleBasis({ ...never, covered: 'no' })
  const said = await openWith('factory=dw-1', { total: null, status: failed, basis })
  expect(said('Factory')).toEqual(['dw-1–'])
})
