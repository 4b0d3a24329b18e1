import { describe, expect, test } from 'bun:test'
import { plainStyle, type Style } from './style.ts'
import { table } from './table.ts'

const terminal: Style = { live: true, colour: false, width: 40 }

describe('a table', () => {
  const columns = [{ title: 'service' }, { title: 'port', align: 'right' }, { title: 'state' }] as const
  const rows = [
    ['chunker', '8090', { text: 'healthy', colour: 'green' as const }],
    ['vm', '87', ''],
  ]

  test('in a pipe is aligned, without borders, colours or trailing blanks', () => {
    expect(table(columns, rows, plainStyle).raw).toBe('SERVICE  PORT  STATE\nchunker  8090  healthy\nvm         87\n')
  })

  test('in a terminal has borders, and no line between rows', () => {
    expect(table(columns, rows, terminal).raw.trim().split('\n')).toEqual([
      '┌─────────┬──────┬─────────┐',
      '│ service │ port │ state   │',
      '├─────────┼──────┼─────────┤',
      '│ chunker │ 8090 │ healthy │',
      '│ vm      │   87 │         │',
      '└─────────┴──────┴─────────┘',
    ])
  })

  test('in a terminal that is too narrow has no borders, or stands row by row', () => {
    expect(table(columns, rows, { ...terminal, width: 24 }).raw).toBe(
      'SERVICE  PORT  STATE\nchunker  8090  healthy\nvm         87\n',
    )
    expect(table(columns, rows, { ...terminal, width: 20 }).raw).toBe(
      'service  chunker\nport     8090\nstate    healthy\n\nservice  vm\nport     87\n',
    )
  })

  test('in a colour terminal has colours', () => {
    expect(table(columns, rows, { ...terminal, colour: true }).raw).toContain('\x1b[32mhealthy\x1b[39m')
  })
})
