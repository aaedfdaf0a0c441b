import { describe, expect, it } from 'vitest'
import { reasonOf } from './reason'

describe('reasonOf', () => {
  it.each([
    ['null', null, ''],
    ['empty', '', ''],
    ['blanks', ' \n ', ''],
    [
      'one level',
      "Operation on target MyCopyActivity_0_0 failed: The workflow parameter 'OutputBlobName' is not found",
      "The workflow parameter 'OutputBlobName' is not found",
    ],
    [
      'three levels, a comma and a colon in a name',
      'Operation on target Run: all, now failed: Operation on target For each failed: Activity failed because an inner activity failed; Inner activity name: cp_orders, Error: Login failed for user svc. Contact your administrator.',
      'Login failed for user svc',
    ],
    [
      'the words inside a connector’s envelope',
      "Operation on target cp failed: Failure happened on 'Source' side. ErrorCode=SqlFailedToConnect,'Type=Microsoft.X.HybridDeliveryException,Message=Cannot connect to SQL Database. Please contact SQL server team.,Source=Microsoft.X,''Type=Y,Message=The request limit is 200.,Source=Z,'",
      'Cannot connect to SQL Database',
    ],
    [
      'a chain without a cause',
      'Operation on target For each failed: Activity failed because an inner activity failed',
      'Activity failed because an inner activity failed',
    ],
    [
      'host names and versions are no ends of sentences',
      'Cannot reach dw.database.windows.net with driver 17.2 of today. Try later.',
      'Cannot reach dw.database.windows.net with driver 17.2 of today',
    ],
    ['several lines', 'First line\nsecond line. Third.', 'First line second line'],
    ['an HTML page', '<html><head><title>502 Bad Gateway</title></head></html>', '502 Bad Gateway'],
    [
      'the answer of a service',
      'Operation on target web failed: {"error":{"code":"429","message":"Rate limit \\"gold\\" exceeded. Try later."}}',
      'Rate limit "gold" exceeded',
    ],
    [
      'JSON that was cut',
      '{"StatusCode":"DF-Executor-OutOfMemorySparkError","Message":"Job failed due to reason: Cluster ran out of mem',
      'Job failed due to reason: Cluster ran out of mem',
    ],
    [
      'a problem document',
      '{"type":"about:blank","title":"Bad gateway","status":502}',
      'Bad gateway',
    ],
    [
      'numbers of SQL after the words',
      "Operation on target cp failed: Invalid object name 'dbo.x'., SqlErrorNumber=208,Class=16,State=1, Activity ID: 06fe",
      "Invalid object name 'dbo.x'",
    ],
    ['markup stays text', '<b>bold</b> failed', '<b>bold</b> failed'],
  ])('%s', (_what, message, reason) => {
    expect(reasonOf(message)).toBe(reason)
  })

  it('is quick on a hostile message', () => {
    const hostile = `${'Operation on target x failed: '.repeat(2_000)}end`
    const long = `Operation on target ${'a '.repeat(100_000)}`
    const start = performance.now()
    reasonOf(hostile)
    reasonOf(long)
    expect(performance.now() - start).toBeLessThan(500)
  })
})
