import { expect, test } from 'bun:test'
import { services } from './compose.fixture.ts'
import { renderServiceTable, withServiceTable } from './service-table.ts'

test('the table lists services in the order of stacks, then ports', () => {
  expect(renderServiceTable(services)).toBe(
    [
      '| service | stack | port | plane | needs | what it does |',
      '| --- | --- | --- | --- | --- | --- |',
      '| keeper | sessions | 8090 | chain | - | does one thing |',
      '| maker | sessions | 8091 | chain | keeper, soft, late, payer | does one thing |',
      '| late | sessions | 8092 | chain | keeper | does one thing |',
      '| soft | sessions | 8093 | chain | - | does one thing |',
      '| payer | blockchain | 8097 | wallet | - | does one thing |',
    ].join('\n'),
  )
})

test('tools come last, without a port', () => {
  const tool = {
    stack: 'core',
    phase: 1,
    summary: 'looks',
    plane: 'ops',
    networks: ['lucid_core_net'],
    memoryMiB: 64,
    cpus: 1,
    profile: 'tools',
    image: { base: 'bun', addons: [], packages: [] },
  } as const
  expect(renderServiceTable(services, { looker: tool }).split('\n').at(-1)).toBe(
    '| looker | core | - | ops | - | looks (run by hand) |',
  )
})

test('further ports stand beside the first, by what is spoken there', () => {
  const { keeper } = services
  if (keeper === undefined) throw new Error('the fixture has a keeper')
  expect(renderServiceTable({ keeper: { ...keeper, ports: { socks: 9050, control: 9051 } } })).toContain(
    '| 8090 (socks 9050, control 9051) |',
  )
})

test('the table goes between the markers and nothing else changes, however often', () => {
  const text = 'before\n<!-- services:begin -->\nold\n<!-- services:end -->\nafter\n'
  const made = 'before\n<!-- services:begin -->\nnew\n<!-- services:end -->\nafter\n'
  expect(withServiceTable(text, 'new')).toBe(made)
  expect(withServiceTable(made, 'new')).toBe(made)
})

test('missing, doubled or swapped markers are refused', () => {
  for (const text of [
    '',
    '<!-- services:begin -->',
    '<!-- services:end --><!-- services:begin -->',
    '<!-- services:begin --><!-- services:end --><!-- services:begin --><!-- services:end -->',
  ])
    expect(withServiceTable(text, 'new')).toBeUndefined()
})
