import { expect, test } from 'bun:test'
import { compareVersions, satisfies } from './debian-version.ts'

test('versions have the order of deb-version(7)', () => {
  const ascending = [
    '~~',
    '~~a',
    '~',
    '0',
    '0.9~rc1-1',
    '0.9-1',
    '0.9-1+deb12u1',
    '0.9-1.1',
    '0.9-2~bpo12+1',
    '0.9-2',
    '0.9a-1',
    '0.10-1',
    '1.0~beta1~svn1245',
    '1.0~beta1',
    '1.0',
    '1.0+b1',
    '2.36-9+deb12u7',
    '2.36-9+deb12u14',
    '20250419',
    '1:0.1',
    '2:0',
  ]
  expect(ascending.toReversed().toSorted(compareVersions)).toEqual(ascending)
})

test.each([
  ['1.0', '1.00'],
  ['1.0', '0:1.0'],
  ['1.0', '1.0-0'],
  ['1.2.013-1', '1.2.13-1'],
])('%s is %s', (a, b) => {
  expect(compareVersions(a, b)).toBe(0)
  expect(satisfies(a, '=', b)).toBe(true)
})

test('a bound holds or does not', () => {
  expect(['<<', '<=', '=', '>=', '>>'].map((operator) => satisfies('2', operator, '10'))).toEqual([
    true,
    true,
    false,
    false,
    false,
  ])
  expect(['<<', '<=', '=', '>=', '>>', ''].map((operator) => satisfies('2', operator, '2'))).toEqual([
    false,
    true,
    true,
    true,
    false,
    true,
  ])
  expect(satisfies('2', '!=', '3')).toBe(false)
})
