import { expect, test } from 'bun:test'
import type { Entry } from '#catalog'
import { findLeftOut, formatLeftOut } from './left-out.ts'

const entry = (change: Partial<Entry> = {}) => ({
  needs: [],
  tolerates: [],
  image: { base: 'bun' as const, addons: [], packages: ['nginx'] },
  ...change,
})

const catalogue = {
  plain: entry(),
  front: entry({ programs: ['nginx'] }),
  screen: entry({ programs: ['xrdp'] }),
  caller: entry({ needs: ['front'] }),
  'caller-of-caller': entry({ needs: ['caller'] }),
  easy: entry({ needs: ['front'], tolerates: ['front'] }),
}

test('a machine that has everything leaves nothing out', () => {
  expect(findLeftOut(catalogue, () => true)).toEqual({})
})

test('without its program a service is left out, and so is whoever cannot do without it', () => {
  expect(findLeftOut(catalogue, () => false)).toEqual({
    front: 'needs nginx (apt-get install nginx)',
    screen: 'needs xrdp, which is not on this machine',
    caller: 'needs front, which is left out',
    'caller-of-caller': 'needs caller, which is left out',
  })
})

test('the notice names the service, the program and the way to get it', () => {
  expect(formatLeftOut('front', 'needs nginx (apt-get install nginx)')).toBe(
    'left out: front needs nginx (apt-get install nginx)',
  )
})
