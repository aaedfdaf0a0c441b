import { expect, test } from 'vitest'
import { tailStart } from './name'

test.each([
  ['adf-nordhem-sales-prod', '-sales-prod'],
  ['adf-nordhem-finance-prod', '-finance-prod'],
  ['ADF-Nordhem-Logistics', '-Logistics'],
  ['adf-nordhem-dw-prod', '-dw-prod'],
  ['df', ''],
  ['anunbrokennamewithoutanyseparatoratall', ''],
  ['a-b', '-b'],
  ['adf-a-department-of-many-words', '-of-many-words'],
])('the end of %s that stays in sight is %j', (name, tail) => {
  expect(name.slice(tailStart(name))).toBe(tail)
})
