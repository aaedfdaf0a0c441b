import { screen } from '@testing-library/react'
import { HttpResponse, http } from 'msw'
import { expect, it } from 'vitest'
import { renderApp } from '../../testing/render'
import { sampleRun, sampleRunDetail } from '../../testing/samples'
import { server } from '../../testing/server'

const forgotten = {
  status: 'InProgress',
  runEnd: null,
  durationInMs: null,
  endUnknown: 'Azure does not know this run any more.',
}

it('a run that Azure has forgotten says so, and counts no time', async () => {
  server.use(http.get('*/api/v1/runs/:runId', () => HttpResponse.json(sampleRunDetail(forgotten))))
  await renderApp(`/runs/${sampleRun().runId}`)
  await screen.findByRole('heading', { level: 1, name: 'pl_load_orders unknown end' })
  expect(screen.getAllByText(forgotten.endUnknown)).toHaveLength(1)
  expect(screen.queryByText(/so far/)).toBeNull()
  expect(screen.queryByTitle('So far')).toBeNull()
})
